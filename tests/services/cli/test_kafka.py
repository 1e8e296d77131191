"""The commands on real Kafka: topics, lag, dead letters, and views that are made anew."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import psycopg
import pytest
from tests.apps.cli.shown import invoke
from tests.builders.machines import NOW
from tests.builders.messages import an_event, lying
from tests.services.cli.conftest import KEY, a_broker

from adapters.kafka.broker import KafkaBroker
from apps.operations.lag import measure_lag
from apps.operations.topics import State, apply_topics
from tradex_core.events.envelope import ActorSignatures
from tradex_core.events.topics import Topic, all_topics
from tradex_core.events.user import Role, UserRegistered
from tradex_core.messaging.broker import Message
from tradex_core.messaging.dead_letters import Decision, Resolution, dead_letter

T = TypeVar("T")

SIGNATURES = ActorSignatures(bytes.fromhex(KEY))
TOPIC = UserRegistered.topic
PARTITIONS = 6


@pytest.fixture(autouse=True)
def topics_are_there(on_kafka: dict[str, str]) -> None:
    asked = invoke("topics", "apply", **on_kafka)
    assert 0 == asked[0], asked


def on_broker(address: str, work: Callable[[KafkaBroker], Awaitable[T]]) -> T:
    """Do work on a connection of its own."""

    async def connected() -> T:
        broker = a_broker(address)
        try:
            return await work(broker)
        finally:
            await broker.close()

    return asyncio.run(connected())


def publish(address: str, messages: Sequence[Message]) -> None:
    answers = on_broker(address, lambda broker: broker.publish(messages))
    assert [None] * len(messages) == answers


def registered(user_id: str, number: int = 0) -> Message:
    user = UserRegistered(user_id=user_id, email="a@b.c", role=Role.BUYER, created_at=NOW)
    return an_event(user, f"{user_id}/{number}")


def given_up(consumer: str, count: int) -> list[Message]:
    """Return so many dead letters of a consumer, those of a partition about one user."""
    letters = []
    for number in range(count):
        offset, partition = divmod(number, PARTITIONS)
        original = lying(
            registered(f"{consumer}-{partition}", offset), partition=partition, offset=offset
        )
        letters.append(
            dead_letter(
                original,
                consumer=consumer,
                origin=original.position,
                replays=0,
                reason="exhausted",
                error="ValueError: it is broken",
                attempts=10,
                first_failed_at=NOW,
                failed_at=NOW + timedelta(seconds=90),
            )
        )
    return letters


def decided(address: str, consumer: str) -> list[Decision]:
    """Return what was decided on a consumer's dead letters, as it lies in the topic."""

    async def read(broker: KafkaBroker) -> list[Decision]:
        found = []
        for partition, (first, end) in (await broker.offsets(TOPIC)).items():
            for record in await broker.read(TOPIC, partition, start=first, limit=end - first or 1):
                decision = Decision.read(record, SIGNATURES)
                if decision is not None and decision.consumer == consumer:
                    found.append(decision)
        return found

    return on_broker(address, read)


def listed(on_kafka: dict[str, str], consumer: str) -> list[str]:
    status, out, _ = invoke("dead-letters", "list", "--consumer", consumer, "--json", **on_kafka)
    assert 0 == status
    return [letter["id"] for letter in json.loads(out)]


def test_applying_topics_again_changes_nothing(on_kafka: dict[str, str]) -> None:
    status, out, err = invoke("topics", "apply", "--json", **on_kafka)
    assert (0, "") == (status, err)
    assert {"unchanged"} == {report["state"] for report in json.loads(out)}
    assert len(all_topics()) == len(json.loads(out))


async def test_what_is_missing_is_created_and_what_differs_is_left_and_told(
    broker: KafkaBroker, name: str
) -> None:
    wanted = [Topic(f"{name}.{each}", partitions=2) for each in ("new", "short", "narrow")]
    await broker.apply(
        [
            Topic(f"{name}.short", partitions=2, retention_days=1),
            Topic(f"{name}.narrow", partitions=1),
        ]
    )
    dry = await apply_topics(broker, wanted, dry_run=True)
    new, short, narrow = await apply_topics(broker, wanted)
    assert [State.MISSING, State.DIFFERS, State.DIFFERS] == [report.state for report in dry]
    assert (State.CREATED, ()) == (new.state, new.differences)
    assert "keeps messages for 1 days, not for 7 days" in short.differences[0]
    assert "--add-config retention.ms=604800000" in short.differences[0]
    assert "has 1 partitions, not 2" in narrow.differences[0]
    assert 1 == len(await broker.offsets(f"{name}.narrow"))


async def test_the_lag_of_a_group_is_what_it_has_not_committed(
    broker: KafkaBroker, name: str
) -> None:
    await broker.apply([Topic(name, partitions=2)])
    await broker.publish([Message(name, None, b"x", (), number % 2) for number in range(10)])
    member = await broker.subscribe(name, [name])
    taken = 0
    while taken < 3:
        records = await member.fetch(limit=3 - taken)
        taken += len(records)
        await member.commit(records)
    await member.close()
    report = await measure_lag(broker, {name: [name]})
    assert (7, 10) == (report.lag, sum(each.end for each in report.partitions))


def test_lag_tells_of_every_consumer(on_kafka: dict[str, str]) -> None:
    status, out, err = invoke("lag", "--json", **on_kafka)
    report = json.loads(out)
    assert (0, "") == (status, err)
    assert ["auth", "catalog", "orders", "projector"] == [g["group"] for g in report["groups"]]
    assert report["lag"] == sum(each["lag"] for each in report["partitions"])


def test_a_dead_letter_is_listed_shown_and_redriven_once(
    kafka: str, on_kafka: dict[str, str], name: str
) -> None:
    publish(kafka, given_up(name, 1))
    [letter_id] = listed(on_kafka, name)
    assert f"{name}/{TOPIC}-0-0" == letter_id
    status, out, _ = invoke("dead-letters", "show", letter_id, **on_kafka)
    assert 0 == status
    assert f'"userId": "{name}-0"' in out
    said = (0, f"redriven {letter_id}\n", "")
    assert said == invoke("dead-letters", "redrive", letter_id, **on_kafka)
    assert [] == listed(on_kafka, name)
    status, _, err = invoke("dead-letters", "redrive", letter_id, **on_kafka)
    assert 1 == status
    assert "tradex dead-letters list" in err
    [decision] = decided(kafka, name)
    assert (Resolution.REDRIVEN, 1) == (decision.resolution, decision.replay)


def test_a_message_is_written_as_it_is_where_asked_for(
    kafka: str, on_kafka: dict[str, str], name: str
) -> None:
    [letter] = given_up(name, 1)
    publish(kafka, [letter])
    _, out, _ = invoke("dead-letters", "show", f"{name}/{TOPIC}-0-0", "--raw", **on_kafka)
    assert letter.value == out.encode()


def test_what_is_discarded_is_gone_and_the_rest_is_redriven_together(
    kafka: str, on_kafka: dict[str, str], name: str
) -> None:
    publish(kafka, given_up(name, 3))
    first, *rest = listed(on_kafka, name)
    status, out, _ = invoke("dead-letters", "discard", first, "--json", **on_kafka)
    assert (0, {"discarded": [first]}) == (status, json.loads(out))
    everything = ("redrive", "--all", "--topic", TOPIC, "--consumer", name)
    status, out, _ = invoke("dead-letters", *everything, "--json", **on_kafka)
    assert (0, {"redriven": rest}) == (status, json.loads(out))
    resolutions = [decision.resolution for decision in decided(kafka, name)]
    assert [Resolution.DISCARDED, Resolution.REDRIVEN, Resolution.REDRIVEN] == sorted(resolutions)
    status, out, _ = invoke("dead-letters", *everything, **on_kafka)
    assert (0, "nothing was redriven: no dead letter is open that matches\n") == (status, out)


def test_killed_again_and_again_it_comes_to_its_end_once_and_in_order(
    kafka: str, on_kafka: dict[str, str], name: str
) -> None:
    publish(kafka, given_up(name, 600))
    command = ["dead-letters", "redrive", "--all", "--topic", TOPIC, "--consumer", name]
    killed = [_killed_after(records, kafka, command, on_kafka) for records in (1, 150, 330)]
    status, _, err = invoke(*command, **on_kafka)
    assert (0, "") == (status, err)
    assert any(killed), "it was too fast to be killed"
    assert [] == listed(on_kafka, name)
    wanted = {f"{TOPIC}-{partition}-{offset}" for partition in range(6) for offset in range(100)}
    once = list(dict.fromkeys((each.origin, each.replay) for each in decided(kafka, name)))
    assert {(origin, 1) for origin in wanted} == set(once)
    in_order = sorted(once, key=lambda each: [int(part) for part in each[0].split("-")[1:]])
    assert in_order == once


def _killed_after(
    records: int, kafka: str, command: Sequence[str], on_kafka: dict[str, str]
) -> bool:
    """Kill the command once so many more records lie in the topic; return whether it ran still."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": "src"}
    env |= {f"TRADEX_{name.upper()}": value for name, value in on_kafka.items()}
    with asyncio.Runner() as loop:
        broker = a_broker(kafka)
        enough = loop.run(_size(broker)) + records
        process = subprocess.Popen(
            [sys.executable, "-m", "apps.cli", *command], env=env, stdout=subprocess.DEVNULL
        )
        while process.poll() is None and loop.run(_size(broker)) < enough:
            pass
        process.send_signal(signal.SIGKILL)
        loop.run(broker.close())
        return process.wait() == -signal.SIGKILL


async def _size(broker: KafkaBroker) -> int:
    return sum(end for _, end in (await broker.offsets(TOPIC)).values())


def test_views_are_rebuilt_from_the_log_and_told_where_they_were_wrong(
    kafka: str, on_kafka: dict[str, str], postgres_url: str
) -> None:
    settings = {**on_kafka, "gateway_database_url": postgres_url}
    user_id = str(uuid4())
    publish(kafka, [registered(user_id)])
    assert 0 == invoke("db", "upgrade", "gateway", **settings)[0]

    status, out, _ = invoke("views", "rebuild", "--json", **settings)
    first = json.loads(out)
    assert (0, True) == (status, first["swapped"])
    assert _is_viewed(postgres_url, user_id)

    _forget(postgres_url, user_id)
    status, out, err = invoke("views", "rebuild", "--only-equal", "--json", **settings)
    assert (1, False) == (status, json.loads(out)["swapped"])
    assert "without --only-equal the new ones replace them" in err
    assert not _is_viewed(postgres_url, user_id)

    status, out, err = invoke("views", "rebuild", "--json", **settings)
    [users] = [each for each in json.loads(out)["tables"] if each["table"] == "user_view"]
    assert (0, 1, (user_id,)) == (status, users["different"], tuple(users["examples"]))
    assert "records" in err
    assert _is_viewed(postgres_url, user_id)


def _is_viewed(url: str, user_id: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute('SELECT 1 FROM user_view WHERE "userId" = %s', [user_id])
        return found.fetchone() is not None


def _forget(url: str, user_id: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute('DELETE FROM user_view WHERE "userId" = %s', [user_id])


def test_a_broker_that_is_away_is_named_with_the_setting_that_says_where(
    on_kafka: dict[str, str],
) -> None:
    status, out, err = invoke("lag", **{**on_kafka, "kafka_bootstrap_servers": "127.0.0.1:1"})
    assert (1, "") == (status, out)
    assert "Kafka at 127.0.0.1:1 cannot be reached" in err
    assert "is where TRADEX_KAFKA_BOOTSTRAP_SERVERS says" in err


def test_a_broker_that_lets_everybody_do_everything_is_told(on_kafka: dict[str, str]) -> None:
    status, out, err = invoke("acls", "apply", **on_kafka)
    assert (1, "") == (status, out)
    assert "the brokers have no authorizer, so everybody may do everything" in err
    assert "authorizer.class.name and super.users" in err
