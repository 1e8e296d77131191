"""The user view: registered by an event, named and closed by auth's replies."""

from itertools import permutations

import pytest
from tests.builders.views import (
    a_refusing_reply,
    a_reply,
    a_user_document,
    a_user_view,
    user_registered,
)

from tradex_core.events.reply import CommandReplied
from tradex_core.views.user_view import apply_registered, apply_user, user_in


def test_a_registered_user_has_no_name_yet() -> None:
    view = apply_registered(None, user_registered())

    assert a_user_view(name="") == view
    assert a_user_document(name="") == view.document()


def test_a_reply_fills_in_the_name() -> None:
    registered = apply_registered(None, user_registered())

    assert a_user_view(name="Ana Trujillo") == apply_user(registered, a_user_document())


def test_a_reply_before_the_registration_makes_the_whole_view() -> None:
    view = apply_user(None, a_user_document())

    assert a_user_view() == view
    assert view is apply_registered(view, user_registered())


def test_a_deactivated_user_is_not_active() -> None:
    view = apply_user(a_user_view(), a_user_document(is_active=False))

    assert not view.is_active


def test_a_reply_from_before_the_deactivation_activates_nobody() -> None:
    deactivated = a_user_view(is_active=False)

    assert deactivated is apply_user(deactivated, a_user_document(is_active=True))


def test_a_registration_that_comes_last_activates_nobody() -> None:
    deactivated = a_user_view(is_active=False)

    assert deactivated is apply_registered(deactivated, user_registered())


def test_a_reply_that_comes_twice_leaves_the_very_same_view() -> None:
    view = a_user_view()

    assert view is apply_user(view, a_user_document())


def test_every_order_of_a_user_s_events_ends_in_the_same_view() -> None:
    told = [None, a_user_document(), a_user_document(), a_user_document(is_active=False)]
    for order in permutations(told):
        view = None
        for user in order:
            if user is None:
                view = apply_registered(view, user_registered())
            else:
                view = apply_user(view, user)

        assert a_user_view(is_active=False) == view


@pytest.mark.parametrize("command", ["REGISTER_USER", "LOGIN_USER", "DEACTIVATE_USER"])
def test_auth_s_replies_tell_of_a_user(command: str) -> None:
    assert a_user_document() == user_in(a_reply(command, result=a_user_document()))


@pytest.mark.parametrize(
    "reply",
    [
        a_reply("LOGIN_USER", result=None),
        a_reply("LOGIN_USER", result={"userId": "somebody"}),
        a_refusing_reply("LOGIN_USER"),
        a_reply("CREATE_ORDER", result=a_user_document()),
    ],
    ids=["without a result", "another result", "refused", "another command"],
)
def test_other_replies_tell_of_nobody(reply: CommandReplied) -> None:
    assert user_in(reply) is None
