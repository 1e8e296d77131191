from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.machines import FakeClock, FixedEntropy, SeededEntropy

from tradex_core.events.reply import OUTCOMES_KEPT
from tradex_core.ids import OperationId, uuid7_time
from tradex_core.key_rings import KeyRing, RingKey
from tradex_core.operations.operation_id import OperationIds

COMMANDS = ["LOGIN_USER", "CREATE_ORDER", "CANCEL_ORDER"]


def ids(key: bytes = b"key", *, seed: int = 0) -> OperationIds:
    return OperationIds(key, clock=FakeClock(), entropy=SeededEntropy(seed))


def issued() -> OperationId:
    return ids().issue(owner="ana", command="CREATE_ORDER")


def recognised(operation_id: str, *, owner: str = "ana", key: bytes = b"key") -> str | None:
    return ids(key).recognise(OperationId(operation_id), owner=owner, commands=COMMANDS)


def test_an_id_tells_its_owner_which_command_it_was_issued_for() -> None:
    for command in COMMANDS:
        assert command == recognised(ids().issue(owner="ana", command=command))


def test_an_id_tells_a_replica_with_the_key_and_nobody_else() -> None:
    assert "CREATE_ORDER" == recognised(issued())
    assert recognised(issued(), key=b"another") is None


@pytest.mark.parametrize("owner", ["", "an", "anab", "bob", "ana\n", "CREATE_ORDER\nana"])
def test_an_id_was_not_issued_to_anybody_else(owner: str) -> None:
    assert recognised(issued(), owner=owner) is None


def test_an_id_was_not_issued_for_another_command() -> None:
    operation_id = ids().issue(owner="ana", command="ADJUST_STOCK")
    assert recognised(operation_id) is None


def test_an_id_with_one_bit_changed_was_never_issued() -> None:
    for bit in range(128):
        changed = UUID(int=UUID(issued()).int ^ 1 << bit)
        assert recognised(str(changed)) is None, bit


@given(st.uuids())
def test_another_uuid_was_never_issued(uuid: UUID) -> None:
    assert recognised(str(uuid)) is None


@pytest.mark.parametrize(
    "spelling",
    [
        issued().upper(),
        issued().replace("-", ""),
        f"{{{issued()}}}",
        f"urn:uuid:{issued()}",
        issued().translate({ord("0"): chr(0xFF10)}),
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
        "00000000-0000-0000-0000-000000000000",
    ],
)
def test_an_id_has_one_spelling(spelling: str) -> None:
    assert recognised(spelling) is None


@pytest.mark.parametrize("text", ["", "x", "1", issued() + "\n", issued()[:-1], "g" * 32, "é"])
def test_what_is_no_uuid_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match=r"UUID|base 16"):
        recognised(text)


def test_an_id_carries_its_time() -> None:
    assert FakeClock().now() == uuid7_time(issued())
    assert 7 == UUID(issued()).version


def test_ids_of_one_millisecond_differ() -> None:
    issuing = ids()
    of_one_moment = {issuing.issue(owner="ana", command="CREATE_ORDER") for _ in range(1000)}
    assert 1000 == len(of_one_moment)


@pytest.mark.parametrize("ones", [True, False])
def test_every_nonce_fits(*, ones: bool) -> None:
    issuing = OperationIds(b"key", clock=FakeClock(), entropy=FixedEntropy(ones=ones))
    assert "CREATE_ORDER" == recognised(issuing.issue(owner="ana", command="CREATE_ORDER"))


def test_an_id_is_forgotten_as_soon_as_its_outcome_may_be() -> None:
    operation_id, later = issued(), FakeClock()
    asking = OperationIds(b"key", clock=later, entropy=SeededEntropy(0))
    later.advance(days=7)
    assert asking.recognise(operation_id, owner="ana", commands=COMMANDS) is not None
    later.advance(seconds=1)
    assert asking.recognise(operation_id, owner="ana", commands=COMMANDS) is None


def test_an_id_is_recognised_for_as_long_as_its_outcome_is_kept() -> None:
    operation_id, clock = issued(), FakeClock()
    later = OperationIds(b"key", clock=clock, entropy=SeededEntropy())
    for passed, command in ((OUTCOMES_KEPT, "CREATE_ORDER"), (timedelta(milliseconds=1), None)):
        clock.at += passed
        assert command == later.recognise(operation_id, owner="ana", commands=COMMANDS)


def test_an_id_is_recognised_by_the_key_of_its_time() -> None:
    clock = FakeClock()
    replaced = OperationIds(b"key", clock=clock, entropy=SeededEntropy())
    replaced.use(KeyRing((RingKey(b"key"), RingKey(b"new", clock.now() + timedelta(hours=1)))))
    before = replaced.issue(owner="ana", command="CREATE_ORDER")
    clock.at += timedelta(hours=1)
    after = replaced.issue(owner="ana", command="CREATE_ORDER")
    assert ("CREATE_ORDER", None) == (recognised(before), recognised(after))
    for operation_id in (before, after):
        found = replaced.recognise(operation_id, owner="ana", commands=COMMANDS)
        assert "CREATE_ORDER" == found
