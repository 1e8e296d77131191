"""What was ever published can be read for ever, and a later version's additions already today."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet
from msgspec import inspect
from tests.builders.messages import SIGNATURES, lying, with_headers
from tests.core.events import golden
from tests.core.events.golden import COMMAND, FACTS, Golden

from tradex_core.events import codec
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Command, Event
from tradex_core.events.topics import DEAD_LETTER_SUFFIX
from tradex_core.events.user import Role
from tradex_core.messaging.broker import Message
from tradex_core.messaging.dead_letters import Decision, is_letter
from tradex_core.messaging.opening import Opener, Opening
from tradex_core.messaging.routes import Handler, Routes
from tradex_core.orders.order import OrderFact, decode_fact

LINES = golden.read()
LETTERS = [line for line in LINES if line.lies_in.endswith(DEAD_LETTER_SUFFIX)]
KEPT = [line for line in LINES if line.lies_in == FACTS]
SENT = [line for line in LINES if line not in LETTERS and line not in KEPT]


def numbered(lines: list[Golden]) -> list[ParameterSet]:
    """Return lines as parameters, each with its number in the file."""
    return [pytest.param(x, id=f"{x.lies_in} {LINES.index(x) + 1}") for x in lines]


def kinds_of(root: type[Any]) -> list[type[Any]]:
    """Return the kinds of message that production has, and not those of other tests."""
    found: list[type[Any]] = []
    for heir in root.__subclasses__():
        found += [heir, *kinds_of(heir)]
    return [k for k in found if k.__module__.startswith("tradex_core") and hasattr(k, "topic")]


COMMANDS, EVENTS = kinds_of(Command), kinds_of(Event)


def opened(message: Message) -> Opening:
    def handler(kind: type[Any]) -> Handler[None]:
        return Handler(payload=kind, handle=lambda _unit, _payload, _context: None)

    routes = Routes[None](
        commands={kind: handler(kind) for kind in COMMANDS if hasattr(kind, "command")},
        events={kind: handler(kind) for kind in EVENTS},
    )
    opener = Opener("anybody", routes, signatures=SIGNATURES, unsigned_accepted=True)
    return opener.open(lying(message))


def said(message: Message) -> tuple[str, Any]:
    """Return what kind of message it is and everything that it says, however that is spelled."""
    wire = codec.decode(message.value or b"", dict[str, Any])
    is_command = message.topic.endswith(".commands")
    return (wire["command"], wire["data"]) if is_command else (message.topic, wire)


def understood(opening: Opening) -> dict[str, Any]:
    assert opening.opened is not None, str(opening.error)
    return codec.decode(codec.encode(opening.opened.payload), dict[str, Any])


def paths(value: object, at: str = "") -> Iterator[str]:
    """Return the path of every field that JSON has."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{at}.{name}"
            yield from paths(inner, f"{at}.{name}")
    if isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")


def declared_paths(kind: inspect.Type, at: str = "") -> Iterator[str]:
    """Return the path of every field that a type has."""
    match kind:
        case inspect.StructType(fields=fields):
            for field in fields:
                yield f"{at}.{field.encode_name}"
                yield from declared_paths(field.type, f"{at}.{field.encode_name}")
        case inspect.UnionType(types=types):
            for each in types:
                yield from declared_paths(each, at)
        case inspect.VarTupleType(item_type=item):
            yield from declared_paths(item, f"{at}[]")
        case inspect.Metadata(type=inner):
            yield from declared_paths(inner, at)


def enumerations(kind: inspect.Type) -> Iterator[type[Enum]]:
    match kind:
        case inspect.EnumType(cls=cls):
            yield cls
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from enumerations(field.type)
        case inspect.UnionType(types=types):
            for each in types:
                yield from enumerations(each)
        case inspect.VarTupleType(item_type=inner) | inspect.Metadata(type=inner):
            yield from enumerations(inner)


def signed_anew(message: Message) -> Message:
    """Return a message whose sender, where it names one, has signed this value."""
    texts = {name: raw.decode(errors="replace") for name, raw in message.headers}
    if "actor-signature" not in texts:
        return message
    signature = SIGNATURES.sign(
        message_id=texts["ce_id"],
        type=texts["ce_type"],
        actor=Actor(texts["actor-id"], Role(texts["actor-role"])),
        value=message.value or b"",
    )
    return with_headers(message, actor_signature=signature.encode())


def with_more(value: object) -> object:
    """Return JSON with a field more in each of its objects, as a later version may have it.

    The result of a command is left as it is: it is handed on, whatever it is.
    """
    if isinstance(value, dict):
        more = {name: with_more(inner) for name, inner in value.items() if name != "result"}
        return value | more | {"later": [{"a": 1}]}
    return [with_more(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("line", numbered(SENT))
def test_what_was_published_is_understood_whole(line: Golden) -> None:
    _, everything = said(line.message)
    understanding = understood(opened(line.message))
    assert everything.items() <= understanding.items()


@pytest.mark.parametrize("line", numbered(SENT))
def test_what_a_later_version_adds_is_passed_over(line: Golden) -> None:
    message = line.message
    value = codec.encode(with_more(codec.decode(message.value or b"", dict[str, Any])))
    headers = (*message.headers, ("x-later", b"\xff"))
    later = signed_anew(Message(message.topic, message.key, value, headers))
    assert understood(opened(message)) == understood(opened(later))


@pytest.mark.parametrize("line", numbered(KEPT))
def test_a_fact_that_was_kept_is_understood_whole(line: Golden) -> None:
    fact = decode_fact(line.value.encode())
    everything = codec.decode(line.value.encode(), dict[str, Any])
    assert everything.items() <= codec.decode(codec.encode(fact), dict[str, Any]).items()
    assert fact == decode_fact(codec.encode(with_more(everything)))


@pytest.mark.parametrize("kind", [*COMMANDS, *EVENTS], ids=lambda kind: kind.__name__)
def test_every_field_of_a_message_is_in_a_line(kind: type[Command] | type[Event]) -> None:
    name = kind.command if issubclass(kind, Command) else kind.topic
    contents = [content for of, content in (said(line.message) for line in SENT) if of == name]
    known = {path for content in contents for path in paths(content)}
    declared = set(declared_paths(inspect.type_info(kind)))
    assert set() == declared - known, f"add an example to tests/builders/published.py: {COMMAND}"


def test_every_value_of_an_enumeration_is_in_a_line() -> None:
    types = [inspect.type_info(kind) for kind in (*COMMANDS, *EVENTS, OrderFact)]
    known = {each for kind in types for each in enumerations(kind)}
    values = {value.value for enumeration in known for value in enumeration}
    everything = "".join(line.value for line in LINES)
    assert [] == [value for value in sorted(values) if f'"{value}"' not in everything]


def test_what_is_published_today_is_in_a_line() -> None:
    assert [] == golden.missing(), f"`{COMMAND}` adds what is new; no line ever changes"


def test_a_line_that_was_changed_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "golden.jsonl"
    changed.write_bytes(golden.FILE.read_bytes().replace(b"9.99", b"9.98", 1))
    monkeypatch.setattr(golden, "FILE", changed)
    with pytest.raises(ValueError, match="was changed"):
        golden.read()


def test_a_dead_letter_that_was_kept_can_be_decided_on() -> None:
    assert [True] * len(LETTERS) == [is_letter(lying(line.message)) for line in LETTERS]
    assert LETTERS


def test_what_an_operator_sent_again_is_known_as_that() -> None:
    decisions = [Decision.read(lying(line.message), SIGNATURES) for line in SENT]
    assert ["orders"] == [each.consumer for each in decisions if each is not None]
