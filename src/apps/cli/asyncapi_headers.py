"""The headers of the messages, described as JSON schemas."""

from typing import Any, Final

from tradex_core.events.envelope import REPLY_CORRELATION, REPLY_PARTITION, REPLY_TOPIC
from tradex_core.events.user import Role
from tradex_core.messaging import dead_letters

Json = dict[str, Any]


def _text(what: str, **more: object) -> Json:
    return {"type": "string", "description": what, **more}


_ALWAYS: Final[Json] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": _text("The message's identity; of a command, the operation's id."),
    "ce_type": _text("The command's name, or the event's topic."),
    "ce_source": _text("The app that sent it."),
    "ce_time": _text("When it was made.", format="date-time"),
    "content-type": {"const": "application/json"},
    "correlation-id": _text("One id for the whole business story."),
}
_CAUSED: Final[Json] = {
    "causation-id": _text("The `ce_id` of the message that caused this one."),
    "traceparent": _text("W3C Trace Context."),
    "tracestate": _text("W3C Trace Context."),
}
_ASKED: Final[Json] = {
    "actor-id": _text("Who asks."),
    "actor-role": _text("What they may do.", enum=[role.value for role in Role]),
    "actor-signature": _text("HMAC-SHA256 over id, type, actor and value, in hex."),
    "deadline": _text("Epoch milliseconds after which the command is not started."),
    REPLY_TOPIC: _text("Where a request-reply client waits for its answer."),
    REPLY_CORRELATION: _text("What the answer there carries back."),
    REPLY_PARTITION: _text("The partition there."),
}

EVENT_HEADERS: Final[Json] = {
    "type": "object",
    "properties": {**_ALWAYS, **_CAUSED},
    "required": list(_ALWAYS),
}
COMMAND_HEADERS: Final[Json] = {
    "type": "object",
    "description": "A command without any is handled too, as unsigned: what admins do, it may not.",
    "properties": {**_ALWAYS, **_CAUSED, **_ASKED},
}
DEAD_LETTER_HEADERS: Final[Json] = {
    "type": "object",
    "description": "The original's headers, and these.",
    "properties": {
        dead_letters.ID: _text("The dead letter's identity, by which operators name it."),
        dead_letters.CONSUMER: _text("The consumer group that gave it up."),
        dead_letters.ORIGIN: _text(
            "Where the message lay at first, however often it is sent again."
        ),
        dead_letters.REASON: _text("Why, as a slug."),
        dead_letters.REPLAY_COUNT: _text("How often it was sent again."),
        dead_letters.ORIGINAL_TOPIC: _text("Where it lay."),
        "dlq-original-partition": _text("Where it lay."),
        "dlq-original-offset": _text("Where it lay."),
        "dlq-original-timestamp": _text("When it came there, in epoch milliseconds."),
        "dlq-exception-type": _text("What went wrong."),
        "dlq-exception-message": _text("What went wrong, in words."),
        "dlq-attempts": _text("How often it was tried."),
        "dlq-first-failed-at": _text("When it first failed.", format="date-time"),
        "dlq-failed-at": _text("When it was given up.", format="date-time"),
        dead_letters.RESOLUTION: _text("Of an operator's decision: what it is."),
        dead_letters.SIGNATURE: _text("Of an operator's decision: that it is one."),
    },
    "required": [dead_letters.ID, dead_letters.REASON, dead_letters.ORIGINAL_TOPIC],
}
