"""Why a command is not accepted."""

from tradex_core.errors import Kind, Refusal, TradexError


class IdempotencyKeyReused(Refusal):
    """The key came with another body before."""

    kind = Kind.INVALID
    slug = "idempotency_key_reused"
    title = "The idempotency key was used for another request"


class OperationNotFound(Refusal):
    """No such operation was issued to the caller."""

    kind = Kind.NOT_FOUND
    slug = "operation_not_found"
    title = "There is no such operation"


class Unavailable(TradexError):
    """The command was not accepted, or nobody can say whether it was; try again later.

    `certain`: it was surely not accepted. If not, a repeat is safe with the same key only.
    """

    def __init__(self, detail: str, *, certain: bool, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.detail = detail
        self.certain = certain
        self.retry_after = retry_after
