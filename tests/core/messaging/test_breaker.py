from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.machines import (
    FakeClock,
    FixedEntropy,
    FlakyBroker,
    RecordingBreakers,
    SeededEntropy,
)

from adapters.memory.broker import MemoryBroker
from tradex_core.errors import Outage, OutcomeUnknown, StoreConflict, Tripped, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.ids import Entropy
from tradex_core.messaging.breaker import (
    Breaker,
    BreakerLimits,
    BreakerState,
    Circuit,
    GuardedProducer,
)
from tradex_core.messaging.broker import Message
from tradex_core.messaging.retry import Backoff

LIMITS = BreakerLimits(
    failures=3, patience=timedelta(seconds=5), pause=Backoff(first=2.0, cap=20.0)
)
AWAY = Outage("nobody listens on port 1")


class Server:
    """A server behind a breaker, which answers as it is told."""

    def __init__(self, *, entropy: Entropy | None = None) -> None:
        self.clock = FakeClock()
        self.heard = RecordingBreakers()
        self.breaker = Breaker(
            "database",
            LIMITS,
            clock=self.clock,
            entropy=entropy or FixedEntropy(ones=False),
            observer=self.heard,
        )
        self.asked = 0

    def ask(self, error: BaseException | None = None) -> None:
        """Ask it; it answers, or the error is what comes."""
        with self.breaker.passage():
            self.asked += 1
            if error is not None:
                raise error

    @property
    def state(self) -> str:
        """What the breaker's state is called."""
        return self.breaker.state.value

    def fail(self, times: int, error: Exception = AWAY) -> None:
        for _ in range(times):
            with pytest.raises(type(error)):
                self.ask(error)

    def refusal(self) -> Tripped:
        """Be refused, without a question to the server."""
        asked = self.asked
        with pytest.raises(Tripped) as refusal:
            self.ask()
        assert asked == self.asked
        return refusal.value


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def away(server: Server) -> Server:
    """A server whose breaker has just opened, for a second."""
    server.fail(3)
    return server


@pytest.mark.parametrize("error", [Outage("away"), OutcomeUnknown("no answer")])
def test_it_opens_after_so_many_failures_in_a_row(server: Server, error: Exception) -> None:
    server.fail(2, error)
    server.ask()
    server.fail(2, error)
    assert "closed" == server.state
    server.fail(1, error)
    assert "open" == server.state
    assert [error] == server.heard.errors


@pytest.mark.parametrize(
    "error", [StoreConflict("others"), Unpublishable("large"), ValueError("x")]
)
def test_what_is_no_outage_does_not_open_it(server: Server, error: Exception) -> None:
    server.fail(10, error)
    assert "closed" == server.state


def test_while_it_is_open_nobody_asks_the_server_and_all_hear_when_to_come_back(
    away: Server,
) -> None:
    assert away.breaker.refuses
    assert 1 == away.refusal().retry_after
    away.clock.advance(seconds=0.9)
    assert 1 == away.refusal().retry_after
    assert isinstance(away.refusal(), Outage)


def test_once_its_time_is_over_one_passes_and_the_others_wait_for_its_answer(away: Server) -> None:
    away.clock.advance(seconds=1)
    assert not away.breaker.refuses
    with away.breaker.passage():
        assert "half_open" == away.state
        away.refusal()
    assert "closed" == away.state
    away.ask()


def test_a_probe_that_fails_opens_it_again_for_longer(away: Server) -> None:
    away.clock.advance(seconds=1)
    away.fail(1)
    assert "open" == away.state
    assert 2 == away.refusal().retry_after
    away.clock.advance(seconds=2)
    away.ask()
    away.fail(3)
    assert 1 == away.refusal().retry_after


def test_a_probe_that_was_given_up_leaves_its_turn_to_the_next(away: Server) -> None:
    away.clock.advance(seconds=1)
    with pytest.raises(KeyboardInterrupt):
        away.ask(KeyboardInterrupt())
    assert "half_open" == away.state
    away.ask()
    assert "closed" == away.state


def test_an_answer_to_what_had_passed_before_closes_it(server: Server) -> None:
    with server.breaker.passage():
        server.fail(3)
        server.refusal()
    server.ask()


def test_a_failure_of_what_had_passed_before_does_not_keep_it_open(server: Server) -> None:
    passed = server.breaker.passage()
    server.fail(3)
    server.clock.advance(seconds=1)
    with pytest.raises(Outage), passed:
        raise AWAY
    server.ask()


def test_a_server_that_says_nothing_at_all_is_away(server: Server) -> None:
    with server.breaker.passage():
        server.clock.advance(seconds=5)
        server.ask()  # which is an answer
        server.clock.advance(seconds=5)
        with server.breaker.passage():
            server.clock.advance(seconds=0.1)
            server.refusal()
    [error] = server.heard.errors
    assert "no answer for 5 s" == str(error)


def test_a_clock_that_is_set_back_does_not_keep_it_open(away: Server) -> None:
    away.clock.advance(hours=-1)
    away.ask()


def test_each_change_is_told_once(away: Server) -> None:
    away.refusal()
    away.clock.advance(seconds=1)
    away.ask()
    away.ask()
    assert ["database"] == away.heard.names
    assert ["open", "half_open", "closed"] == away.heard.states_of("database")


@given(seed=st.integers(), openings=st.integers(1, 12))
def test_it_stays_open_for_half_of_its_bound_at_least_and_the_rest_is_chance(
    seed: int, openings: int
) -> None:
    server = Server(entropy=SeededEntropy(seed))
    server.fail(3)
    for _ in range(openings - 1):
        server.clock.advance(seconds=30)
        server.fail(1)
    bound = LIMITS.pause.bound(openings)
    server.clock.advance(seconds=bound / 2 - 0.01)
    assert server.breaker.refuses
    server.clock.advance(seconds=bound / 2 + 0.01)
    assert not server.breaker.refuses


def test_a_pause_opens_a_circuit_only_where_a_server_is_away() -> None:
    heard = RecordingBreakers()
    circuit = Circuit("orders consuming", heard)
    circuit.fails(StoreConflict("others were first"))
    circuit.tries()
    circuit.works()
    assert [] == heard.changes


class Post:
    """A producer behind a breaker."""

    def __init__(self) -> None:
        self.log = MemoryBroker(FakeClock())
        self.broker = FlakyBroker(self.log)
        self.server = Server()
        self.producer = GuardedProducer(self.broker, self.server.breaker)

    async def publish(self, *values: bytes) -> list[Exception | None]:
        return await self.producer.publish([Message("topic", value, value) for value in values])


@pytest.fixture
async def post() -> Post:
    post = Post()
    await post.log.apply([Topic("topic")])
    return post


async def test_a_producer_behind_it_publishes_as_ever(post: Post) -> None:
    assert [None, None] == await post.publish(b"1", b"2")


async def test_a_broker_that_does_not_take_messages_is_not_asked_again_yet(post: Post) -> None:
    post.broker.cut_off()
    for _ in range(3):
        await post.publish(b"1")
    post.broker.restore()
    refused = await post.publish(b"1", b"2")
    assert [Tripped, Tripped] == [type(error) for error in refused]
    post.server.clock.advance(seconds=1)
    assert [None, None] == await post.publish(b"1", b"2")


async def test_a_message_that_the_broker_will_never_take_says_nothing_of_the_broker(
    post: Post,
) -> None:
    post.broker.refuse = lambda _: Unpublishable("too large")
    for _ in range(10):
        await post.publish(b"1")
    assert BreakerState.CLOSED is post.server.breaker.state
