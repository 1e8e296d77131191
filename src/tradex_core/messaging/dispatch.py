"""Handles batches: once in effect, in order per key, a bad message costing only itself."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic

from tradex_core.clock import Clock
from tradex_core.errors import Hopeless, Outage, StoreConflict
from tradex_core.ids import Entropy, MessageId
from tradex_core.messaging import tracing
from tradex_core.messaging.breaker import UNWATCHED, BreakerObserver
from tradex_core.messaging.broker import Record
from tradex_core.messaging.dead_letters import EXHAUSTED, dead_letter, error_text
from tradex_core.messaging.execution import DONE, Execution, context_of
from tradex_core.messaging.observer import Handled, Observer, Postponed
from tradex_core.messaging.opening import Opener, Opening
from tradex_core.messaging.parking import Lane, Parked, Parking
from tradex_core.messaging.retry import Backoff
from tradex_core.messaging.routes import Opened
from tradex_core.messaging.tracing import UNTRACED, Batch, Tracer
from tradex_core.messaging.unit_of_work import Need, W

_CONFLICT_TRIES_TOGETHER = 3
_CONFLICT_TRIES = 8
_DUE_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class Means:
    """What all messaging works with beside its messages."""

    clock: Clock
    entropy: Entropy
    observer: Observer
    breakers: BreakerObserver = UNWATCHED
    backoff: Backoff = Backoff()
    tracer: Tracer = UNTRACED


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
        self._execution = Execution[W](consumer, clock=means.clock)

    def open(self, record: Record) -> Opening:
        """Read a record as it would be handled; never raises."""
        return self._opener.open(record)

    async def handle(self, records: Sequence[Record]) -> None:
        """Handle records in one transaction; where that fails, each in one of its own.

        Afterwards each is handled, parked or a dead letter. Raises Outage where the store is away,
        StoreConflict where others were first every time: then hand in the same records again; what
        was handled meanwhile is not handled twice.
        """
        openings = [self._opener.open(record) for record in records]
        if not await self._handle_together(openings):
            for opening in openings:
                await self._handle_alone(opening)

    async def retry_due(self) -> int:
        """Try the parked messages whose time has come; return how many there were.

        Raises Outage; then the rest stays parked as it is.
        """
        now = self._means.clock.now()
        due = await self._parking.due(self._consumer, now=now, limit=_DUE_LIMIT)
        for parked in due:
            await self.retry(parked)
        return len(due)

    async def retry(self, parked: Parked) -> None:
        """Try a parked message once more; where that fails, it is parked again or given up.

        Raises Outage; then it stays parked as it is.
        """
        opening = self._opener.open(parked.record)
        news = Postponed(self._means.observer)
        try:
            with self._batch([opening]) as batch:
                prepared = await self._prepare([opening])
                async with self._units() as unit:
                    await unit.load(_needs([opening]))
                    unit.unpark(parked)
                    with batch.message(opening.record, opening.envelope):
                        self._settle(unit, opening, prepared.get(opening.handled_id), news, parked)
                    with batch.committing():
                        await unit.commit()
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 - any failure counts as one more attempt
            with suppress(StoreConflict):  # then somebody else has tried it
                await self._failed(opening, error, parked)
        else:
            news.tell()

    async def give_up(self, parked: Parked, error: Hopeless) -> None:
        """Make a parked message a dead letter; raises Outage."""
        await self._failed(self._opener.open(parked.record), error, parked)

    async def _handle_together(self, openings: Sequence[Opening]) -> bool:
        """Handle a batch; return False where each is to be handled alone.

        Where replicas meet, one of them loses, and it costs less to run its batch again whole.
        """
        for _ in range(_CONFLICT_TRIES_TOGETHER):
            try:
                await self._attempt(openings)
            except Outage:
                raise
            except StoreConflict:
                await self._step_aside()
            except Exception:  # noqa: BLE001 - whose it is shows when each runs alone
                return False
            else:
                return True
        return False

    async def _handle_alone(self, opening: Opening) -> None:
        failure: Exception | None = None
        for _ in range(_CONFLICT_TRIES):
            try:
                return await self._attempt([opening])
            except Outage:
                raise
            except StoreConflict as error:
                failure = error
                await self._step_aside()
            except Exception as error:  # noqa: BLE001 - any failure is a reason to park
                failure = error
                break
        if failure is not None:
            await self._failed(opening, failure)
        return None

    async def _step_aside(self) -> None:
        """Let whoever was first get on, for a few milliseconds."""
        await asyncio.sleep(self._means.entropy.bits(4) / 1000)

    async def _attempt(self, openings: Sequence[Opening]) -> None:
        news = Postponed(self._means.observer)
        concerning: list[Opening] = []
        with self._batch(openings) as batch:
            for opening in openings:
                if (opened := opening.passed_over) is None:
                    concerning.append(opening)
                else:
                    with batch.message(opening.record, opened.envelope):
                        self._done(opening, opened, DONE, news)
            if concerning:
                await self._settle_together(batch, concerning, news)
        news.tell()

    async def _settle_together(
        self, batch: Batch, openings: Sequence[Opening], news: Postponed
    ) -> None:
        prepared = await self._prepare(openings)
        async with self._units() as unit:
            known = await unit.handled(openings)
            fresh = list(_first_of_each(openings, known))
            waiting = set(await unit.occupied({self._lane(opening) for opening in fresh}))
            await unit.load(_needs(fresh))
            for opening in fresh:
                with batch.message(opening.record, opening.envelope):
                    preparation = prepared.get(opening.handled_id)
                    self._take(unit, opening, preparation, news, waiting)
            with batch.committing():
                await unit.commit()

    def _batch(self, openings: Sequence[Opening]) -> Batch:
        return self._means.tracer.batch(self._consumer, len(openings))

    def _take(
        self,
        unit: W,
        opening: Opening,
        preparation: object,
        news: Postponed,
        waiting: set[Lane],
    ) -> None:
        """Settle a message, or set it aside where an earlier one of its lane waits."""
        lane = self._lane(opening)
        if lane in waiting and not self._goes_first(opening):
            unit.park(self._behind(opening))
            unit.record(opening, ())
            tracing.current().outcome("parked")
        elif self._settle(unit, opening, preparation, news):
            waiting.add(lane)

    def _goes_first(self, opening: Opening) -> bool:
        """Whether what waits in its lane waits for it; elsewhere what is sent again is behind."""
        return opening.decision is not None and opening.record.topic in self._hold

    async def _prepare(self, openings: Sequence[Opening]) -> dict[MessageId, object]:
        slow = [o for o in openings if o.opened is not None and o.opened.handler.prepare]
        preparing = (self._execution.prepare(opening) for opening in slow)
        results = await asyncio.gather(*preparing, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Hopeless):
                raise result
        return {o.handled_id: result for o, result in zip(slow, results, strict=True)}

    def _settle(
        self,
        unit: W,
        opening: Opening,
        preparation: object,
        news: Postponed,
        parked: Parked | None = None,
    ) -> bool:
        """Record what a message comes to; return whether its lane must now wait."""
        if opening.decision is not None:
            unit.release(self._lane(opening))
        opened = opening.opened
        if opened is not None and not isinstance(preparation, Hopeless):
            effect = self._execution.run(unit, opening, opened, preparation)
            self._done(opening, opened, effect.outcome, news)
            unit.record(opening, effect.messages)
            return False
        if opening.discarded:
            unit.record(opening, ())
            tracing.current().outcome("discarded")
            return False
        error = preparation if isinstance(preparation, Hopeless) else opening.hopeless
        return self._give_up(unit, opening, error, news, parked, reason=error.reason)

    def _done(self, opening: Opening, opened: Opened, outcome: str, news: Postponed) -> None:
        age = self._means.clock.now() - opened.envelope.time
        span = tracing.current()
        span.outcome(outcome)
        news.handled(Handled(self._consumer, opening.record, opened, outcome, age, span.trace))

    async def _failed(
        self, opening: Opening, error: Exception, parked: Parked | None = None
    ) -> None:
        """Set a failed message aside; where hope or tries are at an end, give it up."""
        news = Postponed(self._means.observer)
        with self._batch([opening]) as batch:
            async with self._units() as unit:
                if parked is None and await unit.handled([opening]):
                    return
                await unit.load(())
                if parked is not None:
                    unit.unpark(parked)
                with batch.message(opening.record, opening.envelope):
                    self._set_aside(unit, opening, error, news, parked)
                with batch.committing():
                    await unit.commit()
        news.tell()

    def _set_aside(
        self,
        unit: W,
        opening: Opening,
        error: Exception,
        news: Postponed,
        parked: Parked | None,
    ) -> None:
        reason = self._reason(opening, error, _attempts(parked))
        if reason is not None:
            self._give_up(unit, opening, error, news, parked, reason=reason)
            return
        later = self._later(opening, error, parked)
        record = opening.record
        news.parked(self._consumer, record, attempts=later.attempts, error=later.error)
        unit.park(later)
        unit.record(opening, ())
        tracing.current().outcome("parked")

    def _reason(self, opening: Opening, error: Exception, attempts: int) -> str | None:
        """Return why a message is to be given up; None where it is to be tried again.

        Behind one that an operator sent again, and that should come first, others wait already: it
        goes back to the operator.
        """
        if isinstance(error, Hopeless):
            return error.reason
        given_back = self._goes_first(opening) or attempts >= self._means.backoff.tries
        return EXHAUSTED if given_back else None

    def _give_up(
        self,
        unit: W,
        opening: Opening,
        error: Exception,
        news: Postponed,
        parked: Parked | None,
        *,
        reason: str,
    ) -> bool:
        """Make it a dead letter; return whether its lane is held."""
        record, now, text = opening.record, self._means.clock.now(), error_text(error)
        letter = dead_letter(
            record,
            consumer=self._consumer,
            origin=opening.origin,
            replays=opening.replays,
            reason=reason,
            error=text,
            attempts=_attempts(parked),
            first_failed_at=_failing_since(parked, now),
            failed_at=now,
        )
        news.dead_lettered(self._consumer, record, reason=reason, error=text)
        tracing.current().outcome(reason, failed=True)
        unit.record(opening, [letter])
        held = record.topic in self._hold and record.key is not None
        if held:
            unit.hold(self._lane(opening))
        return held

    def _behind(self, opening: Opening) -> Parked:
        now = self._means.clock.now()
        return Parked(
            lane=self._lane(opening),
            record=opening.record,
            attempts=0,
            first_failed_at=now,
            next_attempt_at=now,
            error="an earlier message of its key is parked",
        )

    def _later(self, opening: Opening, error: Exception, parked: Parked | None) -> Parked:
        now, attempts = self._means.clock.now(), _attempts(parked)
        delay = self._means.backoff.delay(attempts, self._means.entropy)
        return Parked(
            lane=self._lane(opening),
            record=opening.record,
            attempts=attempts,
            first_failed_at=_failing_since(parked, now),
            next_attempt_at=now + timedelta(seconds=delay),
            error=error_text(error),
        )

    def _lane(self, opening: Opening) -> Lane:
        return Lane.of(self._consumer, opening.record)


def _attempts(parked: Parked | None) -> int:
    """Return how many tries there were with the one that is at its end now."""
    return 1 if parked is None else parked.attempts + 1


def _failing_since(parked: Parked | None, now: datetime) -> datetime:
    return parked.first_failed_at if parked is not None and parked.attempts else now


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
