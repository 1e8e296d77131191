from tradex_core.events import topics


def test_the_originals_topics_have_their_names() -> None:
    names = {topic.name for topic in topics.all_topics()}
    assert names >= {
        "auth.commands",
        "catalog.commands",
        "order.commands",
        "user.registered",
        "order.created",
        "order.updated",
        "stock.updated",
    }


def test_every_topic_that_is_handled_has_one_for_its_dead_letters() -> None:
    names = {topic.name for topic in topics.all_topics()}
    handled = {name for name in names if not name.endswith(".dlq")}
    assert names == handled | {f"{name}.dlq" for name in handled}


def test_a_dead_letter_finds_its_originals_partition() -> None:
    assert 1 == len({topic.partitions for topic in topics.all_topics()})


def test_what_views_are_rebuilt_from_is_kept_for_ever_and_commands_are_not() -> None:
    kept = {topic.name: topic.retention_days for topic in topics.all_topics()}
    assert {None} == {kept[name] for name in (*topics.EVENTS, topics.COMMAND_REPLIES)}
    assert None not in {kept[name] for name in topics.COMMANDS}


def test_all_topics_are_the_platforms_own() -> None:
    assert {topic.name for topic in topics.all_topics()} == topics.OWN
