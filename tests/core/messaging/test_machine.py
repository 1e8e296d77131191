"""Whatever is delivered, fails, crashes and is decided: each message has one effect, in order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.builders.journals import JournalService
from tests.builders.messages import an_event, cancel_order, signed, stock_reserved

from tradex_core.errors import (
    InvalidInput,
    Outage,
    OutcomeUnknown,
    Passing,
    StoreConflict,
    TradexError,
    Undecodable,
)
from tradex_core.events import topics
from tradex_core.messaging.dead_letters import Resolution

T = TypeVar("T")

KEYS = [f"018d0c1e-8a00-7000-8000-00000000000{digit}" for digit in "abc"]
KEY = st.sampled_from(KEYS)
ERROR = st.sampled_from([ValueError, StoreConflict, Outage, Undecodable, InvalidInput])


class Messaging(RuleBasedStateMachine):
    """Events hold their key behind a dead letter, commands do not."""

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.service = JournalService(hold=frozenset({topics.STOCK_RESERVED}))
        self.run(self.service.start)
        self.published: dict[str, list[str]] = {key: [] for key in KEYS}
        self.read: dict[str, int] = {}
        self.gone: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.come_to_rest()
            self.runner.close()

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        async def wait() -> T:
            return await work()

        return self.runner.run(wait())

    @rule(key=KEY, is_command=st.booleans(), count=st.integers(1, 3))
    def publish(self, key: str, count: int, *, is_command: bool) -> None:
        for _ in range(count):
            number = sum(map(len, self.published.values()))
            if is_command:
                message = signed(cancel_order(key), f"c{number}")
            else:
                message = an_event(stock_reserved(key), f"e{number}")
            self.published[key].append(f"{'c' if is_command else 'e'}{number}")
            self.run(lambda message=message: self.service.publish(message))  # type: ignore[misc]

    @rule(data=st.data(), error=ERROR, times=st.integers(1, 12))
    def let_one_fail(self, data: st.DataObject, error: type[TradexError], times: int) -> None:
        entries = [entry for entries in self.published.values() for entry in entries]
        if entries:
            entry = data.draw(st.sampled_from(entries))
            self.service.trouble(entry, *[error("it is broken") for _ in range(times)])

    @rule(call=st.sampled_from(["load", "commit", "committed"]), times=st.integers(0, 4))
    def let_the_store_fail(self, call: str, times: int) -> None:
        self.service.database.fail(call, *[None] * times, Outage("the store is away"))

    @rule(back=st.integers(0, 5))
    def deliver(self, back: int) -> None:
        for topic in self.service.routes().topics:
            self.deliver_topic(topic, back)

    def deliver_topic(self, topic: str, back: int) -> None:
        records = self.run(lambda: self.service.records(topic))
        for partition in range(topics.PARTITIONS):
            lying = [record for record in records if record.partition == partition]
            at = self.read.get(f"{topic}-{partition}", 0)
            try:
                if new := lying[max(0, at - back) :]:
                    self.run(lambda new=new: self.service.dispatcher.handle(new))  # type: ignore[misc]
                self.read[f"{topic}-{partition}"] = len(lying)
            except Passing:
                pass  # what was not handled is delivered again

    @rule(seconds=st.sampled_from([0.1, 1, 31]))
    def retry(self, seconds: float) -> None:
        self.service.clock.advance(seconds=seconds)
        with contextlib.suppress(Outage):
            self.run(self.service.dispatcher.retry_due)

    @rule(loses=st.integers(0, 1))
    def relay(self, loses: int) -> None:
        self.service.broker.lose_answers = loses
        with contextlib.suppress(OutcomeUnknown):
            self.run(self.service.settle)
        self.service.broker.lose_answers = 0

    @rule(data=st.data(), resolution=st.sampled_from(Resolution), loses=st.integers(0, 1))
    def decide(self, data: st.DataObject, resolution: Resolution, loses: int) -> None:
        letters = self.run(self.service.dead_letters.open)
        if not letters:
            return
        letter = data.draw(st.sampled_from(letters))
        self.service.broker.lose_answers = loses
        decision = (
            self.service.dead_letters.redrive
            if resolution is Resolution.REDRIVEN
            else self.service.dead_letters.discard
        )
        with contextlib.suppress(OutcomeUnknown):
            self.run(lambda: decision(letter.id))
        self.service.broker.lose_answers = 0
        if resolution is Resolution.DISCARDED:
            self.gone.add(letter.headers["ce_id"])

    @invariant()
    def nothing_is_done_twice(self) -> None:
        for entries in self.journals():
            assert len(set(entries)) == len(entries)
            assert not any(entry.startswith("half") for entry in entries)

    @invariant()
    def what_holds_its_key_is_done_in_order(self) -> None:
        for key, entries in zip(KEYS, self.journals(), strict=True):
            numbers = [int(entry[1:]) for entry in entries if entry.startswith("e")]
            assert sorted(numbers) == numbers, key

    def journals(self) -> Iterator[list[str]]:
        for key in KEYS:
            yield self.service.database.entries(key)

    def come_to_rest(self) -> None:
        """Let everything work from now on, and see that nothing was lost."""
        self.service.troubles.clear()
        self.service.database.failures.clear()
        for _ in range(3):
            self.deliver(back=3)
            for _ in range(60):
                self.retry(31)
            self.relay(loses=0)
            for letter in self.run(self.service.dead_letters.open):
                self.run(lambda letter=letter: self.service.dead_letters.redrive(letter.id))  # type: ignore[misc]
        assert [] == self.run(self.service.parked)
        assert [] == self.run(self.service.dead_letters.open)
        self.nothing_is_done_twice()
        self.what_holds_its_key_is_done_in_order()
        self.every_command_has_one_outcome()
        for entries, published in zip(self.journals(), self.published.values(), strict=True):
            missing = set(published) - set(entries) - self.gone - self.service.refused
            assert set() == missing

    def every_command_has_one_outcome(self) -> None:
        replies = self.run(self.service.replies)
        first_of_each = {dict(reply.headers)["ce_id"]: reply.key for reply in replies}
        answered = sorted((key or b"").decode() for key in first_of_each.values())
        commands = [e for each in self.published.values() for e in each if e.startswith("c")]
        assert sorted(commands) == answered


TestMessaging = Messaging.TestCase
TestMessaging.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
