"""Query parameters, and pages of lists with a link to the next one."""

from collections.abc import Callable, Collection
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from apps.gateway.answers import Answer, json_answer
from apps.gateway.problems import BadRequest, FieldError
from apps.gateway.reading import HttpRequest
from tradex_core.events.fields import Wire
from tradex_core.views.cursor import InvalidCursor, decode_cursor, encode_cursor
from tradex_core.views.listing import MAX_LIMIT, Page, Position

DEFAULT_LIMIT: Final = 20
_MAX_TEXT: Final = 255

T = TypeVar("T")
V = TypeVar("V")


class InvalidQuery(BadRequest):
    """A query parameter is not valid."""

    slug = "invalid_query"
    title = "The query is not valid"


class PageOf(Wire, Generic[T], frozen=True):
    """Some rows of a list, and the cursor behind them: null where nothing follows."""

    items: tuple[T, ...]
    next_cursor: str | None


class Cut(Struct, frozen=True):
    """Which page of a list is asked for."""

    after: Position | None
    limit: int


class Query:
    """A request's query parameters; what is wrong with them is collected, and told by `check`.

    Parameters that the route does not know are passed over.
    """

    def __init__(self, request: HttpRequest, names: Collection[str]) -> None:
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.given = {name: value for name, value in pairs if name in names}
        self._errors: list[FieldError] = []
        for name in self.given:
            if sum(1 for known, _ in pairs if known == name) > 1:
                self._wrong(name, "is given more than once")

    def text(self, name: str) -> str | None:
        """Return a parameter of at most 255 characters without NUL."""
        value = self.given.get(name)
        if value is not None and (len(value) > _MAX_TEXT or "\0" in value):
            self._wrong(name, f"must have at most {_MAX_TEXT} characters and no NUL")
            return None
        return value or None

    def one_of(self, name: str, read: Callable[[str], T], values: Collection[str]) -> T | None:
        """Return a parameter that is one of a few values, as what `read` makes of it."""
        value = self.given.get(name)
        if value is None:
            return None
        if value not in values:
            self._wrong(name, f"must be one of {', '.join(values)}")
            return None
        return read(value)

    def cut(self, *, sort: str) -> Cut:
        """Return which page of a list in this order is asked for."""
        return Cut(self._after(sort), self._limit())

    def check(self) -> None:
        """Raise InvalidQuery with everything that is wrong."""
        if self._errors:
            detail = "Correct the query parameters named in errors."
            raise InvalidQuery(detail, errors=self._errors)

    def _after(self, sort: str) -> Position | None:
        cursor = self.given.get("cursor")
        if cursor is None:
            return None
        try:
            return decode_cursor(cursor, sort=sort)
        except InvalidCursor as error:
            self._wrong("cursor", error.detail)
            return None

    def _limit(self) -> int:
        value = self.given.get("limit", str(DEFAULT_LIMIT))
        if value.isascii() and value.isdigit() and len(value) <= 3:  # noqa: PLR2004
            limit = int(value)
            if 1 <= limit <= MAX_LIMIT:
                return limit
        self._wrong("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
        return DEFAULT_LIMIT

    def _wrong(self, name: str, detail: str) -> None:
        self._errors.append(FieldError(f"/{name}", detail))


def page_answer(
    request: HttpRequest,
    query: Query,
    page: Page[V],
    *,
    sort: str,
    shown: Callable[[V], Any],
) -> Answer:
    """Answer with a page, and with a link to the next one that keeps the filters."""
    cursor = None if page.next is None else encode_cursor(page.next, sort=sort)
    body = PageOf(tuple(shown(view) for view in page.items), cursor)
    if cursor is None:
        return json_answer(body)
    following = urlencode({**query.given, "cursor": cursor})
    link = f'<{request.scope["path"]}?{following}>; rel="next"'
    return json_answer(body, headers=[("link", link)])
