"""Each client's history, explained: what was told came true, and nothing happened unasked."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.simulation.evidence import Evidence
from tests.simulation.history import Deed
from tests.simulation.signatures import signature_of_command, signature_of_deed

from tradex_core.events.reply import CommandReplied, OutcomeStatus

_OF_THE_GATEWAY: Final = frozenset(
    {
        "price_changed",
        "unknown_product",
        "order_not_found",
        "product_not_found",
        "idempotency_key_reused",
        "unauthenticated",
        "invalid_token",
        "forbidden",
    }
)
"""Problems with which a gateway may refuse a request before it is a command."""


def keys_are_kept(evidence: Evidence) -> Iterator[str]:
    """A key is one operation, whoever asks it how often; with another body it is refused."""
    deeds: dict[tuple[str, str, str], list[Deed]] = {}
    for deed in evidence.history.deeds:
        if deed.key is not None:
            deeds.setdefault((deed.client, deed.path, deed.key), []).append(deed)
            if len(deed.operation_ids) > 1:
                yield f"{deed.client}'s key {deed.key} became {' and '.join(deed.operation_ids)}"
    for (client, _, key), same in deeds.items():
        bodies = {deed.body for deed in same if deed.operation_ids or deed.result is not None}
        if len(bodies) > 1:
            yield f"{client}'s key {key} was good for two different bodies"


def answers_came_true(evidence: Evidence) -> Iterator[str]:
    """What a waiting client was answered is how the command ended."""
    ended = {reply.operation_id: reply for reply in evidence.replies}
    for deed in evidence.history.deeds:
        for operation_id in deed.operation_ids if deed.key is not None else ():
            reply = ended.get(operation_id)
            if reply is None:
                continue
            if deed.result is not None and reply.status is not OutcomeStatus.SUCCEEDED:
                yield f"{deed.client} was told that {deed.kind} {operation_id} was done: it was not"
            for attempt in deed.attempts:
                yield from _refused_truly(deed, attempt.slug, reply)


def _refused_truly(deed: Deed, slug: str | None, reply: CommandReplied) -> Iterator[str]:
    if slug is None or slug == "unavailable":
        return
    told = reply.error.type if reply.error else "succeeded"
    if told != slug and reply.status is OutcomeStatus.SUCCEEDED:
        yield (
            f"{deed.client} was refused {deed.kind} {deed.key} with {slug}, and operation"
            f" {reply.operation_id} under the same key {told}"
        )
    elif told != slug and slug not in _OF_THE_GATEWAY:
        yield f"{deed.client} was told {slug} of operation {reply.operation_id}: it was {told}"


def nothing_unasked(evidence: Evidence) -> Iterator[str]:
    """Every command in the topics is some client's deed, and no deed became more than it may."""
    allowed: Counter[tuple[str, ...]] = Counter()
    known: dict[str, Deed] = {}
    for deed in evidence.history.deeds:
        for operation_id in deed.operation_ids:
            known[operation_id] = deed
        if deed.key is None:
            unknown = sum(1 for a in deed.attempts if a.operation_id is None and a.may_have_begun)
        else:
            begun = any(attempt.may_have_begun for attempt in deed.attempts)
            unknown = 1 if begun and not deed.operation_ids else 0
        allowed[signature_of_deed(deed)] += unknown
    found: Counter[tuple[str, ...]] = Counter()
    users = {client.user_id: client.name for client in evidence.world.clients}
    for asked in evidence.asked.values():
        if asked.operation_id not in known and (signature := signature_of_command(asked, users)):
            found[signature] += 1
    for signature, count in found.items():
        if count > allowed[signature]:
            yield f"{count} of {signature} were published, and {allowed[signature]} can be meant"


def orders_of_asking_are_kept(evidence: Evidence) -> Iterator[str]:
    """Of two commands about the same thing, the second sent once the first was taken, is second."""
    versions = {reply.operation_id: version_in(reply) for reply in evidence.replies}
    last: dict[tuple[str, str], tuple[float, int, str]] = {}
    for deed in evidence.history.of_kind("patch", "adjust"):
        if len(deed.operation_ids) != 1 or len(deed.attempts) != 1:
            continue
        [operation_id] = deed.operation_ids
        version = versions.get(operation_id)
        if version is None or operation_id in evidence.given_up:
            continue
        lane = (deed.client, deed.about or "")
        taken, before, other = last.get(lane, (0.0, 0, ""))
        if taken <= deed.began and version < before:
            yield f"{deed.client} asked for {operation_id} after {other}, and it was done before it"
        last[lane] = (deed.attempts[0].until, version, operation_id)
    yield from _cancelled_what_was_there(evidence)


def _cancelled_what_was_there(evidence: Evidence) -> Iterator[str]:
    ended = {reply.operation_id: reply for reply in evidence.replies}
    taken = {
        deed.thing: (min(a.until for a in deed.attempts if a.operation_id), operation_id)
        for deed in evidence.history.of_kind("order")
        for operation_id in deed.operation_ids[:1]
    }
    for deed in evidence.history.of_kind("cancel"):
        at, creation = taken.get(deed.about, (None, ""))
        if at is None or at > deed.began or creation in evidence.given_up:
            continue
        created = ended.get(creation)
        for operation_id in deed.operation_ids:
            reply = ended.get(operation_id)
            if reply is None or reply.error is None or reply.error.type != "order_not_found":
                continue
            if created is not None and created.status is OutcomeStatus.SUCCEEDED:
                yield f"{deed.client} cancelled order {deed.about}, and it was not there yet"


def version_in(reply: CommandReplied) -> int | None:
    """Return the version of the product that a reply shows."""
    if reply.status is not OutcomeStatus.SUCCEEDED:
        return None
    document = json.loads(bytes(reply.result))
    version: int | None = document.get("version") if isinstance(document, dict) else None
    return version
