"""The topics' description (AsyncAPI 3.0), made from the messages and from the services' routes."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final, cast

import msgspec
from msgspec import Raw, Struct

from apps.auth import handlers as auth
from apps.catalog import handlers as catalog
from apps.cli.asyncapi_headers import COMMAND_HEADERS, DEAD_LETTER_HEADERS, EVENT_HEADERS
from apps.gateway.following import FOLLOWED
from apps.gateway.openapi import openapi_document
from apps.orders import handlers as orders
from apps.projector.handlers import projector_routes
from apps.runtime.composition import written_topics
from tradex_core.events import codec, topics
from tradex_core.events.fields import Command, Event
from tradex_core.events.topics import Topic
from tradex_core.messaging.routes import Routes

Json = dict[str, Any]
Kind = type[Command] | type[Event]

_BINDING: Final = "0.5.0"
_DAY_MS: Final = 24 * 60 * 60 * 1000
_DEAD_LETTER: Final = "deadLetter"
_INTRODUCTION: Final = """\
Commands ask one service for something and are answered on `command.replies`; events tell whoever
cares what happened. Values are JSON; what is about a message travels in its headers (CloudEvents
1.0, Kafka binding, binary mode). A reader deduplicates by `ce_id` and passes over unknown fields.
A key is the value of the field that it names; an e-mail address is trimmed and in lower case.
"""


class Party(Struct, frozen=True, kw_only=True):
    """An app as a reader and writer of topics; what it gives up goes to `dead_letters`."""

    name: str
    commands: frozenset[type[Command]] = frozenset()
    events: frozenset[type[Event]] = frozenset()
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    dead_letters: tuple[str, ...] = ()


def asyncapi_document() -> Json:
    """Return the topics' description; nothing has to run for it."""
    apps = parties()
    kinds = _kinds(apps)
    schemas, components = _schemas(kinds)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tradex",
            "version": openapi_document()["info"]["version"],
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, kinds) for topic in topics.all_topics()},
        "operations": {
            f"{app.name}.{action}.{topic}": _operation(app, action, topic)
            for app in apps
            for action, named in (("receive", app.reads), ("send", app.writes))
            for topic in named
        },
        "components": {
            "schemas": components,
            "messages": {
                **{_name(kind): _message(kind, schemas[kind]) for kind in kinds},
                _DEAD_LETTER: _dead_letter(),
            },
        },
    }


def parties() -> tuple[Party, ...]:
    """Return every app with what it reads and writes."""
    return (
        Party(name="gateway", reads=FOLLOWED, writes=topics.COMMANDS),
        _service("auth", _unwired(auth.AuthHandlers), auth.PUBLISHES),
        _service("catalog", _unwired(catalog.CatalogHandlers), catalog.PUBLISHES),
        _service("orders", _unwired(orders.OrdersHandlers), orders.PUBLISHES),
        _service("projector", projector_routes()),
    )


def _service(name: str, routes: Routes[Any], publishes: Iterable[str] = ()) -> Party:
    return Party(
        name=name,
        commands=frozenset(routes.commands),
        events=frozenset(routes.events),
        reads=tuple(routes.topics),
        writes=written_topics(routes, publishes),
        dead_letters=tuple(topics.dead_letter_topic(topic) for topic in routes.topics),
    )


def _unwired(handlers: type[Any]) -> Routes[Any]:
    """Return a service's routes: they name its collaborators, and use none before a message."""
    nobody = dict.fromkeys(field.name for field in fields(handlers))
    return cast("Routes[Any]", handlers(**nobody).routes())


def _kinds(apps: Iterable[Party]) -> list[Kind]:
    """Return every kind of message, in the order of the topics and then of their names."""
    found: set[Kind] = set()
    for app in apps:
        found.update(app.commands, app.events)
    order = [topic.name for topic in topics.all_topics()]
    return sorted(found, key=lambda kind: (order.index(kind.topic), _name(kind)))


def _name(kind: Kind) -> str:
    """Return the message's `ce_type`."""
    return kind.command if issubclass(kind, Command) else kind.topic


def _channel(topic: Topic, kinds: Iterable[Kind]) -> Json:
    names = [_name(kind) for kind in kinds if kind.topic == topic.name] or [_DEAD_LETTER]
    days = topic.retention_days
    return {
        "address": topic.name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": -1 if days is None else days * _DAY_MS},
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(app: Party, action: str, topic: str) -> Json:
    operation: Json = {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "tags": [{"name": app.name}],
    }
    if topic in topics.COMMANDS:
        replies = topics.COMMAND_REPLIES
        operation["reply"] = {"channel": {"$ref": f"#/channels/{replies}"}}
    return operation


def _message(kind: Kind, payload: Json) -> Json:
    is_command = issubclass(kind, Command)
    if is_command:
        payload = {
            "type": "object",
            "properties": {"command": {"const": _name(kind)}, "data": payload},
            "required": ["command", "data"],
        }
    return {
        "name": _name(kind),
        "summary": (kind.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "headers": COMMAND_HEADERS if is_command else EVENT_HEADERS,
        "payload": payload,
        "bindings": _keyed(key_of(kind)),
    }


def _dead_letter() -> Json:
    return {
        "name": _DEAD_LETTER,
        "summary": "A message given up: its bytes and headers as they came, and why.",
        "headers": DEAD_LETTER_HEADERS,
        "payload": {"description": "The original's bytes, which may be anything."},
        "bindings": _keyed("the original's key"),
    }


def _keyed(what: str) -> Json:
    key = {"type": "string", "description": what}
    return {"kafka": {"key": key, "bindingVersion": _BINDING}}


class _Noting:
    """Stands in for a message of which all fields are empty, and notes which are looked at."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __getattr__(self, name: str) -> str:
        self.seen.append(name)
        return ""


def key_of(kind: Kind) -> str:
    """Return which fields a message's key is made of, as the wire names them."""
    noting = _Noting()
    cast("Any", kind).key.fget(noting)
    wire = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    return ", otherwise ".join(wire[name] for name in noting.seen)


def _schemas(kinds: list[Kind]) -> tuple[dict[Kind, Json], Json]:
    """Return what each message's payload refers to, and all that is referred to."""
    payloads, components = msgspec.json.schema_components(
        [_shape(kind) for kind in kinds],
        schema_hook=codec.schema_hook,
        ref_template="#/components/schemas/{name}",
    )
    return dict(zip(kinds, payloads, strict=True)), dict(components)


def _shape(kind: Kind) -> type[Struct]:
    """Return what a message's schema is made of: itself, but that a Raw field may be any JSON.

    msgspec describes no Raw that has a default.
    """
    shown = msgspec.structs.fields(kind)
    if all(field.type is not Raw for field in shown):
        return kind
    return msgspec.defstruct(
        kind.__name__,
        [
            (field.name, Any, None)
            if field.type is Raw
            else (field.name, field.type)
            if field.required
            else (field.name, field.type, field.default)
            for field in shown
        ],
        namespace={"__doc__": kind.__doc__},
        rename="camel",
    )
