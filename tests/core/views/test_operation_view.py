"""The operation view: the first reply to a command is its outcome, for good."""

import sys

from msgspec import Raw
from tests.builders.views import OPERATION_ID, ORDER_ID, a_refusing_reply, a_reply, later

from tradex_core.events import codec
from tradex_core.events.reply import NO_RESULT, CommandReplied, OutcomeStatus
from tradex_core.views.operation_view import OperationView, apply_reply


def test_a_reply_is_the_outcome() -> None:
    view = apply_reply(None, a_reply(result={"orderId": ORDER_ID}))

    assert (
        OperationView(
            operation_id=OPERATION_ID,
            command="CREATE_ORDER",
            status=OutcomeStatus.SUCCEEDED,
            subject=ORDER_ID,
            result=Raw(b'{"orderId":"%s"}' % ORDER_ID.encode()),
            error=None,
            completed_at=later(1),
        )
        == view
    )


def test_a_refusal_is_an_outcome_with_its_error_and_no_result() -> None:
    reply = a_refusing_reply()
    view = apply_reply(None, reply)

    assert OutcomeStatus.FAILED is view.status
    assert reply.error == view.error
    assert NO_RESULT == view.result


def test_a_later_reply_changes_nothing() -> None:
    view = apply_reply(None, a_reply())

    assert view is apply_reply(view, a_refusing_reply())
    assert view is apply_reply(view, a_reply())


def test_an_outcome_does_not_keep_the_whole_message_that_told_of_it() -> None:
    message = codec.encode(a_reply(result={"orderId": ORDER_ID}))
    holders = sys.getrefcount(message)
    view = apply_reply(None, codec.decode(message, CommandReplied))

    assert holders == sys.getrefcount(message)
    assert ORDER_ID in bytes(view.result).decode()
