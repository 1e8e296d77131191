"""Redriving over real Kafka: once however it is interrupted or by whom, and in order per key."""

import asyncio
from typing import ClassVar, cast

import msgspec
import pytest
from tests.builders.journals import JOURNALS, JournalService, JournalState, JournalUnit
from tests.builders.messages import SIGNATURES, an_event
from tests.services.cli.conftest import a_broker

from adapters.kafka.broker import KafkaBroker
from tradex_core.errors import Outage, OutcomeUnknown
from tradex_core.events.fields import Event
from tradex_core.events.topics import Topic, dead_letter_topic
from tradex_core.messaging.broker import Message
from tradex_core.messaging.operating import DeadLetters, OutOfTurn
from tradex_core.messaging.routes import Context, Handler, Routes

BELLS = ("ann", "bob")
BROKEN = [ValueError("it is broken") for _ in range(11)]
"""Enough for the batch, and for every try there is."""


class Rang(Event, frozen=True):
    """A bell rang; each test has a topic of its own for it."""

    topic: ClassVar[str]

    bell: str

    @property
    def key(self) -> str:
        return self.bell


class Ringing(JournalService):
    """Writes down which rings of each bell it handled, in order."""

    def __init__(self, broker: KafkaBroker, topic: str) -> None:
        namespace = {"topic": topic}
        kind = msgspec.defstruct("Rang", [], bases=(Rang,), namespace=namespace, frozen=True)
        self.kind = cast("type[Rang]", kind)
        super().__init__(broker=broker)

    def routes(self) -> Routes[JournalUnit]:
        handler = Handler[JournalUnit](
            payload=self.kind,
            needs=lambda event, _: [(JOURNALS, event.bell)],
            handle=self._rang,
        )
        return Routes(events={self.kind: handler})

    async def give_up(self, count: int) -> list[str]:
        """Let so many rings of each bell become dead letters, and return their ids."""
        rings = [(bell, f"{bell}-{number}") for number in range(count) for bell in BELLS]
        for _, ring in rings:
            self.trouble(ring, *BROKEN)
        await self.receive(*(an_event(self.kind(bell=bell), ring) for bell, ring in rings))
        await self.run_out()
        return [letter.id for letter in await self.dead_letters.open()]

    async def run_out(self) -> None:
        """Try what is parked until nothing is left of it, and publish what that came to."""
        while await self.parked():
            await self.retry()
        self.troubles.clear()
        await self.settle()

    def rung(self) -> dict[str, list[str]]:
        """Return what was handled of each bell, in order."""
        return {bell: self.database.entries(bell) for bell in BELLS}

    def _rang(self, unit: JournalUnit, event: Rang, context: Context) -> None:
        if self.troubles.get(context.given_id):
            raise self.troubles[context.given_id].pop(0)
        journal = unit.journal(event.bell)
        entries = (*journal.state.entries, context.given_id)
        journal.change(JournalState(event.bell, entries))


def all_rings(count: int) -> dict[str, list[str]]:
    return {bell: [f"{bell}-{number}" for number in range(count)] for bell in BELLS}


@pytest.fixture
async def service(broker: KafkaBroker, name: str) -> Ringing:
    await broker.apply([Topic(name, partitions=2), Topic(dead_letter_topic(name), partitions=2)])
    return Ringing(broker, name)


@pytest.mark.parametrize("after", [0, 1, 3, 4, 5, 7])
async def test_wherever_it_is_interrupted_it_is_taken_once_and_in_order(
    service: Ringing, after: int
) -> None:
    await service.give_up(2)
    passed: list[Message] = []

    def interrupted(message: Message) -> Exception | None:
        passed.append(message)
        return Outage("interrupted") if len(passed) > after else None

    service.broker.refuse = interrupted
    with pytest.raises(Outage):
        await service.dead_letters.redrive_all(lambda _: True)
    await service.consume()
    service.broker.restore()
    await service.dead_letters.redrive_all(lambda _: True)
    await service.consume()
    assert all_rings(2) == service.rung()
    assert [] == await service.dead_letters.open()


async def test_an_acknowledgement_that_is_lost_does_not_make_it_twice(service: Ringing) -> None:
    await service.give_up(3)
    service.broker.lose_answers = 1
    with pytest.raises(OutcomeUnknown):
        await service.dead_letters.redrive_all(lambda _: True)
    await service.dead_letters.redrive_all(lambda _: True)
    await service.consume()
    assert all_rings(3) == service.rung()


async def test_operators_at_several_consoles_decide_once(service: Ringing, kafka: str) -> None:
    await service.give_up(20)
    consoles = [a_broker(kafka) for _ in range(3)]
    desks = [DeadLetters(console, service.routes().topics, SIGNATURES) for console in consoles]
    await asyncio.gather(*(desk.redrive_all(lambda _: True) for desk in desks))
    await asyncio.gather(*(console.close() for console in consoles))
    await service.consume()
    assert all_rings(20) == service.rung()
    assert [] == await service.dead_letters.open()


async def test_what_fails_again_is_sent_again_in_its_old_place(service: Ringing) -> None:
    await service.give_up(3)
    await service.dead_letters.redrive_all(lambda _: True)
    service.trouble("ann-0", *BROKEN)
    await service.consume()
    await service.run_out()
    [letter] = await service.dead_letters.open()
    assert "1" == letter.headers["dlq-replay-count"]
    await service.dead_letters.redrive(letter.id)
    await service.consume()
    assert ["ann-1", "ann-2", "ann-0"] == service.database.entries("ann")
    assert all_rings(3)["bob"] == service.database.entries("bob")


async def test_what_comes_later_is_not_sent_before_what_came_first(service: Ringing) -> None:
    letters = await service.give_up(2)
    later = [each.id for each in await service.dead_letters.open() if each.place[2] > 0]
    with pytest.raises(OutOfTurn):
        await service.dead_letters.redrive(*later)
    assert letters == [letter.id for letter in await service.dead_letters.open()]
    await service.dead_letters.redrive(*reversed(letters))
    await service.consume()
    assert all_rings(2) == service.rung()
