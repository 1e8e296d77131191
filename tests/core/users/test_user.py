from datetime import timedelta

from tests.builders.users import EMAIL, NOW, PASSWORD_HASH, USER_ID, a_user, a_user_state

from tradex_core.events import codec
from tradex_core.events.user import Role, UserDocument


def test_a_user_is_shown_without_the_password_hash() -> None:
    expected = UserDocument(
        user_id=USER_ID,
        email=EMAIL,
        name="Ana Reyes",
        role=Role.BUYER,
        is_active=True,
        created_at=NOW,
    )
    assert expected == a_user().document()
    assert PASSWORD_HASH.encode() not in codec.encode(a_user().document())


def test_nothing_that_is_logged_of_a_user_holds_the_hash_or_the_person() -> None:
    state = a_user_state()
    for shown in (repr(state), str(state), f"{a_user()!r}", repr(state.__rich_repr__())):
        assert PASSWORD_HASH not in shown
        assert EMAIL not in shown
        assert "Ana" not in shown
    assert USER_ID in repr(state)


def test_a_users_times_never_run_back() -> None:
    user = a_user(updated_at=NOW + timedelta(minutes=1))
    user.deactivate(NOW)
    assert NOW + timedelta(minutes=1) == user.state.updated_at
