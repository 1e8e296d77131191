"""`tradex dead-letters`: shows what was given up, and decides on it."""

import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click
import msgspec
from rich.console import Console

from apps.cli.container import OperatingContainer
from apps.cli.failures import WrongUse
from apps.cli.operated import needs_kafka, opened, operate, settings_for
from apps.cli.operations import HANDLED
from apps.cli.rendering import console, pairs, printable, table
from apps.operations.dead_letters import Letter, LetterContent, in_short, with_content
from tradex_core.events import codec
from tradex_core.messaging.dead_letters import DeadLetter
from tradex_core.messaging.operating import DeadLetters, UnknownDeadLetter

T = TypeVar("T")

_KAFKA: Final = "kafka_bootstrap_servers"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which dead letters are meant: those of a topic, a consumer and a reason, where named."""

    topic: str | None = None
    consumer: str | None = None
    reason: str | None = None

    def __call__(self, letter: DeadLetter) -> bool:
        """Return whether a letter is meant."""
        pairs = (
            (self.topic, letter.original_topic),
            (self.consumer, letter.consumer),
            (self.reason, letter.reason),
        )
        return all(wanted is None or wanted == found for wanted, found in pairs)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to look into."""
        return HANDLED if self.topic is None else (self.topic,)


def list_letters(matching: Filter, *, as_json: bool) -> None:
    """Print the dead letters that wait for a decision."""

    async def work(letters: DeadLetters) -> list[Letter]:
        return [in_short(letter) for letter in await letters.open() if matching(letter)]

    found = _on_letters(work, command="list", topics=matching.topics)
    if as_json:
        click.echo(codec.encode(found))
    else:
        show_list(found, console())


def show_letter(letter_id: str, *, limit: int, raw: bool, as_json: bool) -> None:
    """Print one with its message; `raw` writes the message alone, byte for byte."""
    if raw and as_json:
        msg = "--raw writes the message as it is, and --json a description of it: use one of them"
        raise WrongUse(msg)

    async def work(letters: DeadLetters) -> DeadLetter:
        for letter in await letters.open():
            if letter.id == letter_id:
                return letter
        raise UnknownDeadLetter.of(letter_id)

    letter = _on_letters(work, command="show")
    if raw:
        sys.stdout.buffer.write(letter.record.value or b"")
    elif as_json:
        click.echo(codec.encode(with_content(letter, limit=limit)))
    else:
        show_content(with_content(letter, limit=limit), console())


def redrive(
    letter_ids: Sequence[str], matching: Filter, *, everything: bool, as_json: bool
) -> None:
    """Send messages to their topics again, those with these ids or all that match."""
    if everything == bool(letter_ids):
        msg = "name the dead letters to send again, or all of them with --all"
        raise WrongUse(msg)
    if not everything and matching != Filter():
        msg = "--topic, --consumer and --reason say which of --all are meant: leave out the ids"
        raise WrongUse(msg)

    async def work(letters: DeadLetters) -> list[str]:
        if everything:
            return [letter.id for letter in await letters.redrive_all(matching)]
        await letters.redrive(*letter_ids)
        return list(dict.fromkeys(letter_ids))

    _print_decided("redriven", _on_letters(work, command="redrive", signs=True), as_json=as_json)


def discard(letter_ids: Sequence[str], *, as_json: bool) -> None:
    """Give messages up for good."""

    async def work(letters: DeadLetters) -> list[str]:
        await letters.discard(*letter_ids)
        return list(dict.fromkeys(letter_ids))

    _print_decided("discarded", _on_letters(work, command="discard", signs=True), as_json=as_json)


def _on_letters(
    work: Callable[[DeadLetters], Coroutine[Any, Any, T]],
    *,
    command: str,
    signs: bool = False,
    topics: Sequence[str] = HANDLED,
) -> T:
    settings = settings_for(needs_kafka(f"dead-letters {command}", key=signs))

    async def on_broker() -> T:
        container = OperatingContainer(settings=settings)
        async with opened(container.broker()) as broker:
            return await work(DeadLetters(broker, topics, container.signatures()))

    return operate(on_broker, _KAFKA)


def _print_decided(what: str, letter_ids: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(codec.encode({what: letter_ids}))
        return
    for letter_id in letter_ids:
        click.echo(printable(f"{what} {letter_id}").plain)
    if not letter_ids:
        click.echo(f"nothing was {what}: no dead letter is open that matches")


def show_list(letters: Sequence[Letter], out: Console) -> None:
    """Print dead letters for people."""
    if not letters:
        out.print("no dead letter waits for a decision")
        return
    found = table("id", "reason", "given up", "error", whole=("id", "reason", "given up"))
    for letter in letters:
        found.add_row(
            printable(letter.id, "bold"),
            printable(letter.reason),
            printable(_moment(letter.failed_at)),
            printable(letter.error),
        )
    out.print(found)
    count = "1 dead letter" if len(letters) == 1 else f"{len(letters)} dead letters"
    out.print(f"{count}; `tradex dead-letters show ID` tells more of one", style="dim")


def show_content(content: LetterContent, out: Console) -> None:
    """Print one dead letter for people."""
    letter = content.letter
    facts = {
        "topic": f"{letter.topic}, partition {letter.partition}",
        "key": "none" if letter.key is None else letter.key,
        "consumer": letter.consumer,
        "reason": letter.reason,
        "error": letter.error,
        "tries": f"{letter.attempts or '?'}, and sent again {letter.replays} times before",
        "failed": f"first {_moment(letter.first_failed_at)}, given up {_moment(letter.failed_at)}",
    }
    out.print(printable(letter.id, "bold"), pairs(facts), pairs(content.headers), sep="\n")
    out.print(printable(_message(content)))


def _message(content: LetterContent) -> str:
    if content.value is None and content.bytes:
        return f"{content.bytes:,} bytes that may hold a password; --raw writes them"
    if content.value is None:
        return "no message"
    if not content.is_whole:
        return f"{content.value}\n… of {content.bytes:,} bytes; --raw writes them all"
    if isinstance(content.value, str):
        return content.value
    return msgspec.json.format(codec.encode(content.value), indent=2).decode()


def _moment(iso: str | None) -> str:
    return "?" if iso is None else f"{iso[:19].replace('T', ' ')}Z"
