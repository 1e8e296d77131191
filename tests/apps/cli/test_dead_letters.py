"""`tradex dead-letters`: what is shown of them, and what is asked before a decision."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.apps.cli.shown import invoke, printed
from tests.builders.machines import NOW
from tests.builders.messages import bare, create_order, lying, signed

from apps.cli.dead_letters import Filter, show_content, show_list
from apps.operations.dead_letters import in_short, with_content
from tradex_core.events import codec
from tradex_core.events.user import LoginUser, RegisterUser
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.dead_letters import DeadLetter, dead_letter

KEY = "0123456789abcdef" * 4
CRITERIA = ("topic", "consumer", "reason")


def a_letter(
    message: Message,
    *,
    consumer: str = "orders",
    reason: str = "exhausted",
    error: str = "ValueError: it is broken",
) -> DeadLetter:
    """Return a dead letter whose original lies at offset 7 of partition 3."""
    letter = dead_letter(
        lying(message, partition=3, offset=7),
        consumer=consumer,
        origin=f"{message.topic}-3-7",
        replays=2,
        reason=reason,
        error=error,
        attempts=10,
        first_failed_at=NOW,
        failed_at=NOW + timedelta(seconds=90),
    )
    place = (letter.topic, 3, 0, NOW)
    return DeadLetter(Record(*place, letter.key, letter.value, letter.headers))


def listed(*letters: DeadLetter) -> list[str]:
    shorts = [in_short(letter) for letter in letters]
    return printed(lambda console: show_list(shorts, console)).splitlines()


def seen(letter: DeadLetter, *, limit: int = 2000) -> str:
    return printed(lambda console: show_content(with_content(letter, limit=limit), console))


def a_login(password: str) -> Message:
    return bare(LoginUser(email="ana@b.c", password=password))


def test_a_list_has_the_id_to_decide_with_the_reason_and_the_error() -> None:
    lines = listed(a_letter(signed(create_order())))
    row = " orders/order.commands-3-7   exhausted   2024-01-15 10:01:30Z   ValueError: it is broken"
    assert row in lines
    assert "1 dead letter; `tradex dead-letters show ID` tells more of one" == lines[-1]


def test_an_id_is_never_broken() -> None:
    letter = a_letter(signed(create_order()), error="ValueError: " + "very " * 100)
    assert any("orders/order.commands-3-7 " in line for line in listed(letter))


def test_an_empty_list_says_so() -> None:
    assert ["no dead letter waits for a decision"] == listed()


def test_a_letter_is_shown_with_what_became_of_it_and_its_message() -> None:
    out = seen(a_letter(signed(create_order())))
    for line in (
        "topic     order.commands, partition 3",
        "consumer  orders",
        "error     ValueError: it is broken",
        "tries     10, and sent again 2 times before",
        "failed    first 2024-01-15 10:00:00Z, given up 2024-01-15 10:01:30Z",
        "ce_type          CREATE_ORDER",
        '        "price": 9.99',
    ):
        assert line in out.splitlines()


def test_what_decisions_on_it_are_made_of_is_no_header_of_the_message() -> None:
    assert "dlq-" not in seen(a_letter(signed(create_order())))


def test_a_signature_is_not_shown() -> None:
    message = signed(create_order())
    assert dict(message.headers)["actor-signature"].decode() not in seen(a_letter(message))


@pytest.mark.parametrize(
    "message",
    [
        a_login("hunter2"),
        bare(RegisterUser(email="ana@b.c", password="hunter2", name="Ana")),
        Message("auth.commands", b"k", b'{"command":"X","data":{"tokenHash":"hunter2"}}'),
        Message("auth.commands", b"k", b'{"command":"LOGIN_USER","data":{"passwort":"hunter2"}}'),
        Message("auth.commands", b"k", b'{"command":"LOGIN_USER","data":["hunter2"]}'),
        Message("auth.commands", b"k", b'{"command":"LOGIN_USER","data":"hunter2"}'),
        Message("auth.commands", b"k", b'"hunter2"'),
        Message("auth.commands", b"k", b'{"command":"LOGIN_USER","data":{"password":"hunter2"'),
        Message("order.commands", b"k", b'{"data":{"accessToken":"hunter2"}}'),
        Message("order.commands", b"k", b"{}", (("authorization", b"Bearer hunter2"),)),
    ],
)
def test_no_secret_is_shown_however_it_is_sent(message: Message) -> None:
    letter = a_letter(message)
    content = with_content(letter, limit=10_000)
    assert "hunter2" not in seen(letter)
    assert "hunter2" not in codec.encode(content).decode()


def test_whose_account_a_command_is_about_is_shown() -> None:
    out = seen(a_letter(a_login("hunter2"), consumer="auth"))
    assert '    "email": "ana@b.c",' in out.splitlines()
    assert '    "password": "***",' in out.splitlines()


def test_what_may_hold_a_password_and_cannot_be_read_is_told_by_its_size() -> None:
    out = seen(a_letter(Message("auth.commands", b"k", b"{hunter2")))
    assert "8 bytes that may hold a password; --raw writes them" in out


def test_of_a_long_message_the_beginning_is_shown() -> None:
    letter = a_letter(Message("order.commands", b"k", b'{"a":"' + b"x" * 5000 + b'"}'))
    *_, text, rest = seen(letter, limit=20).splitlines()
    assert ('{"a":"' + "x" * 14, "… of 5,008 bytes; --raw writes them all") == (text, rest)


@pytest.mark.parametrize("value", [None, b""])
def test_a_message_without_a_value_is_called_so(value: bytes | None) -> None:
    assert seen(a_letter(Message("order.commands", None, value))).endswith("no message")


@pytest.mark.parametrize(
    "value",
    [b"\x1b[2Jgarbage\xff", b"[" * 100_000, b'{"n":1e999999999}', b'"\\u001b[2J"'],
)
def test_nobodys_garbage_plays_tricks_on_the_terminal(value: bytes) -> None:
    message = Message("order.commands", b"\x1b[31m[bold]key", value, (("x\x1b[1m", b"[/]\x07"),))
    out = seen(a_letter(message, error="Undecodable: \x1b[5m[/red]"))
    assert not set(out) & {"\x1b", "\x07"}
    assert "[bold]key" in out
    assert "[/red]" in out


def test_json_has_everything_that_is_shown() -> None:
    content = with_content(a_letter(signed(create_order())), limit=2000)
    read = json.loads(codec.encode(content))
    assert "orders/order.commands-3-7" == read["letter"]["id"]
    assert (10, 2) == (read["letter"]["attempts"], read["letter"]["replays"])
    assert "CREATE_ORDER" == read["value"]["command"]
    assert "***" == read["headers"]["actor-signature"]


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_filter_takes_what_it_names(criterion: str) -> None:
    letter = a_letter(signed(create_order()))
    found = {"topic": "order.commands", "consumer": "orders", "reason": "exhausted"}
    assert Filter()(letter)
    assert Filter(**{criterion: found[criterion]})(letter)
    assert not Filter(**{criterion: "another"})(letter)


def test_only_the_topic_of_a_filter_is_looked_into() -> None:
    assert ("order.commands",) == Filter(topic="order.commands").topics
    assert "command.replies" in Filter(consumer="orders").topics


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["redrive"], "or all of them with --all"),
        (["redrive", "--all", "orders/order.commands-3-7"], "or all of them with --all"),
        (["redrive", "x", "--topic", "order.commands"], "leave out the ids"),
        (["redrive", "--all", "--reason", "tired"], "'exhausted', 'fatal', 'undecodable'"),
        (["list", "--topic", "orders"], "'order.commands'"),
        (["discard"], "Missing argument 'ID...'"),
        (["show"], "Missing argument 'ID'"),
        (["show", "x", "--raw", "--json"], "use one of them"),
        (["show", "x", "--bytes", "0"], "--bytes"),
    ],
)
def test_wrong_use_is_told(arguments: Sequence[str], said: str) -> None:
    status, out, err = invoke("dead-letters", *arguments, broker="kafka")
    assert (2, "") == (status, out)
    assert said in err


@pytest.mark.parametrize("command", ["list", "show x", "redrive x", "discard x"])
def test_with_the_broker_in_memory_there_is_nothing_to_decide_on(command: str) -> None:
    status, out, err = invoke("dead-letters", *command.split(), actor_signing_key=KEY)
    assert (2, "") == (status, out)
    assert f"`tradex dead-letters {command.split(maxsplit=1)[0]}` operates Kafka" in err
    assert "set TRADEX_BROKER=kafka" in err


@pytest.mark.parametrize("command", ["redrive", "discard"])
def test_a_decision_is_signed_with_the_services_key(command: str) -> None:
    where = {"broker": "kafka", "kafka_bootstrap_servers": "127.0.0.1:1"}
    status, _, err = invoke("dead-letters", command, "x", **where)
    assert 2 == status
    assert "TRADEX_ACTOR_SIGNING_KEY: it is missing; set it to the services' key" in err
