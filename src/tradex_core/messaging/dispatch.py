"""Handles batches: once in effect, in order per key, a bad message costing only itself."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic

from tradex_core.clock import Clock
from tradex_core.errors import Hopeless, Outage, StoreConflict
from tradex_core.ids import Entropy, MessageId
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.dead_letters import EXHAUSTED, dead_letter, error_text
from tradex_core.messaging.execution import Execution, context_of
from tradex_core.messaging.observer import Observer
from tradex_core.messaging.opening import Opener, Opening
from tradex_core.messaging.parking import Lane, Parked, Parking
from tradex_core.messaging.retry import Backoff
from tradex_core.messaging.unit_of_work import Need, W

_CONFLICT_TRIES = 8
_DUE_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class Means:
    """What all messaging works with beside its messages."""

    clock: Clock
    entropy: Entropy
    observer: Observer
    backoff: Backoff = Backoff()


class Dispatcher(Generic[W]):
    """Runs the handlers of one consumer on units of work over batches.

    In the topics of `hold`, messages behind a dead letter of their key wait for an operator.
    """

    def __init__(
        self,
        consumer: str,
        opener: Opener[W],
        units: Callable[[], W],
        parking: Parking,
        means: Means,
        *,
        hold: frozenset[str] = frozenset(),
    ) -> None:
        self._consumer = consumer
        self._opener = opener
        self._units = units
        self._parking = parking
        self._means = means
        self._hold = hold
        self._execution = Execution[W](consumer, clock=means.clock, observer=means.observer)

    async def handle(self, records: Sequence[Record]) -> None:
        """Handle records in one transaction; where that fails, each in one of its own.

        Afterwards each is handled, parked or a dead letter. Raises Outage where the store is away:
        then hand in the same records again; what was handled meanwhile is not handled twice.
        """
        openings = [self._opener.open(record) for record in records]
        try:
            await self._attempt(openings)
        except Outage:
            raise
        except Exception:  # noqa: BLE001 - whose it is shows when each runs alone
            for opening in openings:
                await self._handle_alone(opening)

    async def retry_due(self) -> int:
        """Try the parked messages whose time has come; return how many there were.

        Raises Outage; then the rest stays parked as it is.
        """
        now = self._means.clock.now()
        due = await self._parking.due(self._consumer, now=now, limit=_DUE_LIMIT)
        for parked in due:
            await self._retry(parked)
        return len(due)

    async def _handle_alone(self, opening: Opening) -> None:
        failure: Exception | None = None
        for _ in range(_CONFLICT_TRIES):
            try:
                return await self._attempt([opening])
            except Outage:
                raise
            except StoreConflict as error:
                failure = error
                await asyncio.sleep(self._means.entropy.bits(4) / 1000)
            except Exception as error:  # noqa: BLE001 - any failure is a reason to park
                failure = error
                break
        if failure is not None:
            await self._park(opening, failure)
        return None

    async def _attempt(self, openings: Sequence[Opening]) -> None:
        prepared = await self._prepare(openings)
        async with self._units() as unit:
            known = await unit.handled(openings)
            fresh = list(_first_of_each(openings, known))
            occupied = await unit.occupied({self._lane(opening.record) for opening in fresh})
            await unit.load(_needs(fresh))
            for opening in fresh:
                if self._lane(opening.record) in occupied and not opening.replayed:
                    unit.park(self._behind(opening))
                    unit.record(opening, ())
                else:
                    unit.record(opening, self._effect(unit, opening, prepared))
            await unit.commit()

    async def _prepare(self, openings: Sequence[Opening]) -> dict[MessageId, object]:
        slow = [o for o in openings if o.opened is not None and o.opened.handler.prepare]
        results = await asyncio.gather(*(self._execution.prepare(opening) for opening in slow))
        return {o.handled_id: result for o, result in zip(slow, results, strict=True)}

    def _effect(
        self, unit: W, opening: Opening, prepared: dict[MessageId, object]
    ) -> list[Message]:
        if opening.replayed:
            unit.release(self._lane(opening.record))
        preparation = prepared.get(opening.handled_id)
        if opening.opened is not None and not isinstance(preparation, Hopeless):
            return self._execution.run(unit, opening, opening.opened, preparation)
        if opening.discarded:
            return []
        error = preparation if isinstance(preparation, Hopeless) else opening.hopeless
        return [self._give_up(unit, opening.record, error, reason=error.reason)]

    async def _park(self, opening: Opening, error: Exception) -> None:
        now = self._means.clock.now()
        text = error_text(error)
        async with self._units() as unit:
            if await unit.handled([opening]):
                return
            await unit.load(())
            parked = Parked(
                lane=self._lane(opening.record),
                record=opening.record,
                attempts=1,
                first_failed_at=now,
                next_attempt_at=now + self._delay(1),
                error=text,
            )
            unit.park(parked)
            unit.record(opening, ())
            await unit.commit()
        self._means.observer.parked(self._consumer, opening.record.position, attempts=1, error=text)

    async def _retry(self, parked: Parked) -> None:
        opening = self._opener.open(parked.record)
        try:
            prepared = await self._prepare([opening])
            async with self._units() as unit:
                await unit.load(_needs([opening]))
                unit.unpark(parked)
                unit.record(opening, self._effect(unit, opening, prepared))
                await unit.commit()
        except (Outage, StoreConflict):
            raise
        except Exception as error:  # noqa: BLE001 - any failure counts as one more attempt
            await self._failed_again(parked, opening, error)

    async def _failed_again(self, parked: Parked, opening: Opening, error: Exception) -> None:
        attempts = parked.attempts + 1
        async with self._units() as unit:
            await unit.load(())
            unit.unpark(parked)
            if attempts >= self._means.backoff.tries:
                letter = self._give_up(unit, parked.record, error, reason=EXHAUSTED, parked=parked)
                unit.record(opening, [letter])
            else:
                unit.park(self._later(parked, attempts, error))
                self._means.observer.parked(
                    self._consumer,
                    parked.record.position,
                    attempts=attempts,
                    error=error_text(error),
                )
            await unit.commit()

    def _give_up(
        self,
        unit: W,
        record: Record,
        error: Exception,
        *,
        reason: str,
        parked: Parked | None = None,
    ) -> Message:
        if record.topic in self._hold:
            unit.hold(self._lane(record))
        now, text = self._means.clock.now(), error_text(error)
        self._means.observer.dead_lettered(
            self._consumer, record.position, reason=reason, error=text
        )
        return dead_letter(
            record,
            consumer=self._consumer,
            reason=reason,
            error=text,
            attempts=parked.attempts + 1 if parked else 1,
            first_failed_at=parked.first_failed_at if parked else now,
            failed_at=now,
        )

    def _behind(self, opening: Opening) -> Parked:
        now = self._means.clock.now()
        return Parked(
            lane=self._lane(opening.record),
            record=opening.record,
            attempts=0,
            first_failed_at=now,
            next_attempt_at=now,
            error="an earlier message of its key is parked",
        )

    def _later(self, parked: Parked, attempts: int, error: Exception) -> Parked:
        return Parked(
            lane=parked.lane,
            record=parked.record,
            attempts=attempts,
            first_failed_at=parked.first_failed_at,
            next_attempt_at=self._means.clock.now() + self._delay(attempts),
            error=error_text(error),
        )

    def _delay(self, attempts: int) -> timedelta:
        return timedelta(seconds=self._means.backoff.delay(attempts, self._means.entropy))

    def _lane(self, record: Record) -> Lane:
        return Lane.of(self._consumer, record)


def _first_of_each(openings: Sequence[Opening], known: Collection[MessageId]) -> Iterator[Opening]:
    seen = set(known)
    for opening in openings:
        if opening.handled_id not in seen:
            seen.add(opening.handled_id)
            yield opening


def _needs(openings: Sequence[Opening]) -> Iterator[Need]:
    for opening in openings:
        opened = opening.opened
        if opened is not None and not opening.discarded:
            yield from opened.handler.needs(opened.payload, context_of(opening, opened))
