import pytest
from tests.builders.users import (
    MESSAGE_ID,
    PASSWORD,
    PASSWORD_HASH,
    USER_ID,
    CountingHasher,
    OpenSealing,
    a_login_command,
    a_register_command,
    a_user_state,
)

from tradex_core.errors import Hopeless
from tradex_core.events.user import LoginUser, RegisterUser
from tradex_core.users.errors import PlaintextPassword, SealBroken, WeakPassword
from tradex_core.users.prepare_password import (
    PasswordVerdict,
    PreparedPassword,
    prepare_login,
    prepare_registration,
)
from tradex_core.users.user import UserState

SEALED = OpenSealing().seal(PASSWORD, MESSAGE_ID)
SEALED_FOR_ANOTHER = OpenSealing().seal(PASSWORD, "another command")


def prepared(
    command: RegisterUser, hasher: CountingHasher, *, plaintext_allowed: bool = False
) -> PreparedPassword:
    return prepare_registration(
        command,
        MESSAGE_ID,
        unsealer=OpenSealing(),
        hasher=hasher,
        plaintext_allowed=plaintext_allowed,
    )


def verdict_on(
    command: LoginUser,
    user: UserState | None,
    hasher: CountingHasher,
    *,
    plaintext_allowed: bool = False,
) -> PasswordVerdict:
    return prepare_login(
        command,
        MESSAGE_ID,
        user,
        unsealer=OpenSealing(),
        hasher=hasher,
        plaintext_allowed=plaintext_allowed,
    )


def test_a_sealed_password_is_opened_and_hashed_once() -> None:
    hasher = CountingHasher()
    result = prepared(a_register_command(password=SEALED), hasher)
    assert PreparedPassword(hash=PASSWORD_HASH) == result
    assert [PASSWORD] == hasher.hashed


def test_a_weak_password_is_refused_before_it_is_hashed() -> None:
    hasher = CountingHasher()
    weak = OpenSealing().seal("password123", MESSAGE_ID)
    with pytest.raises(WeakPassword):
        prepared(a_register_command(password=weak), hasher)
    assert [] == hasher.hashed


def test_the_policy_knows_the_email_and_the_name() -> None:
    command = a_register_command(
        password=OpenSealing().seal("ana reyes", MESSAGE_ID), name="Ana Reyes"
    )
    with pytest.raises(WeakPassword):
        prepared(command, CountingHasher())


def test_registering_with_a_password_sealed_for_another_command_is_hopeless() -> None:
    hasher = CountingHasher()
    with pytest.raises(SealBroken) as broken:
        prepared(a_register_command(password=SEALED_FOR_ANOTHER), hasher)
    assert isinstance(broken.value, Hopeless)
    assert [] == hasher.hashed


def test_plaintext_is_refused_where_it_is_not_allowed() -> None:
    hasher = CountingHasher()
    with pytest.raises(PlaintextPassword):
        prepared(a_register_command(), hasher)
    with pytest.raises(PlaintextPassword):
        verdict_on(a_login_command(), a_user_state(), hasher)
    assert ([], []) == (hasher.hashed, hasher.verified)


def test_plaintext_is_accepted_where_it_is_allowed() -> None:
    hasher = CountingHasher()
    result = prepared(a_register_command(), hasher, plaintext_allowed=True)
    assert PASSWORD_HASH == result.hash
    assert verdict_on(a_login_command(), a_user_state(), hasher, plaintext_allowed=True).matches


def test_the_right_password_matches_its_users_hash() -> None:
    verdict = verdict_on(a_login_command(password=SEALED), a_user_state(), CountingHasher())
    expected = PasswordVerdict(user_id=USER_ID, password_hash=PASSWORD_HASH, matches=True)
    assert expected == verdict


def test_a_wrong_password_does_not_match() -> None:
    user = a_user_state(password_hash="hash of another")
    verdict = verdict_on(a_login_command(password=SEALED), user, CountingHasher())
    assert not verdict.matches


def test_an_unknown_user_costs_the_one_check_that_a_wrong_password_costs() -> None:
    for_unknown, for_wrong = CountingHasher(), CountingHasher()
    command = a_login_command(password=SEALED)
    verdict_on(command, None, for_unknown)
    verdict_on(command, a_user_state(password_hash="hash of another"), for_wrong)
    assert ([CountingHasher.decoy], []) == (for_unknown.verified, for_unknown.hashed)
    assert (["hash of another"], []) == (for_wrong.verified, for_wrong.hashed)


def test_an_unknown_user_never_matches_whatever_the_hasher_says() -> None:
    class Agreeable(CountingHasher):
        def verify(self, password_hash: str, password: str) -> bool:
            return True

    verdict = verdict_on(a_login_command(password=SEALED), None, Agreeable())
    assert (None, False) == (verdict.user_id, verdict.matches)


def test_logging_in_with_a_password_sealed_for_another_command_is_hopeless() -> None:
    with pytest.raises(SealBroken):
        verdict_on(a_login_command(password=SEALED_FOR_ANOTHER), a_user_state(), CountingHasher())


def test_what_was_prepared_shows_no_hash() -> None:
    verdict = verdict_on(a_login_command(password=SEALED), a_user_state(), CountingHasher())
    for shown in (repr(verdict), repr(PreparedPassword(hash=PASSWORD_HASH))):
        assert PASSWORD_HASH not in shown
        assert PASSWORD not in shown
