"""Accounts and sessions over HTTP."""

from litestar import get, post
from litestar.status_codes import HTTP_202_ACCEPTED

from apps.gateway.answers import Answer, json_answer
from apps.gateway.bodies import Login, Registration, SessionToken
from apps.gateway.collaborators import gateway_of
from apps.gateway.commands import Ask
from apps.gateway.effects import LOGIN, LOGOUT, REFRESH, REGISTER, user_id_of
from apps.gateway.lagging import shown_soon
from apps.gateway.problems import BadRequest, FieldError
from apps.gateway.reading import HttpRequest, InvalidBody, actor_of, read_body
from apps.gateway.tokens import session_of
from tradex_core.errors import InvalidInput
from tradex_core.events.user import (
    EndSession,
    LoginUser,
    RefreshSession,
    RegisterUser,
    Role,
    normalised_email,
)
from tradex_core.ids import OperationId
from tradex_core.operations.errors import Unavailable
from tradex_core.users.email_address import check_address
from tradex_core.users.errors import RoleNotAllowed, WeakPassword
from tradex_core.users.password_policy import check_password
from tradex_core.views.user_view import UserView


class UnacceptablePassword(BadRequest):
    """The password policy refuses the password."""

    slug = WeakPassword.slug
    title = WeakPassword.title


@post("/v1/auth/register", name="register", status_code=HTTP_202_ACCEPTED)
async def register(request: HttpRequest) -> Answer:
    """Make an account for a buyer or a seller."""
    gateway = gateway_of(request)
    given = await read_body(request, Registration)
    asked = given.value
    if asked.role is Role.ADMIN:
        raise RoleNotAllowed.of(asked.role)
    _require_acceptable(asked)

    def build(operation_id: OperationId) -> RegisterUser:
        return RegisterUser(
            email=normalised_email(asked.email),
            password=gateway.sealer.seal(asked.password, operation_id),
            name=asked.name,
            role=asked.role,
            user_id=user_id_of(operation_id),
        )

    ask = Ask(effect=REGISTER, build=build, data=given.data)
    async with gateway.register_door.admitted(request, asked.email):
        return await gateway.commands.submit(request, ask)


@post("/v1/auth/login", name="login", status_code=HTTP_202_ACCEPTED)
async def login(request: HttpRequest) -> Answer:
    """Open a session; without a Prefer header this waits for five seconds."""
    gateway = gateway_of(request)
    given = await read_body(request, Login)
    asked = given.value

    def build(operation_id: OperationId) -> LoginUser:
        return LoginUser(
            email=normalised_email(asked.email),
            password=gateway.sealer.seal(asked.password, operation_id),
            session_id=session_of(operation_id),
            token_hash=gateway.tokens.refresh.token_hash(gateway.tokens.first_of(operation_id)),
        )

    ask = Ask(
        effect=LOGIN,
        build=build,
        data=given.data,
        render=lambda outcome: gateway.tokens.hand_out(
            outcome, gateway.tokens.first_of(OperationId(outcome.operation_id))
        ),
    )
    async with gateway.login_door.admitted(request, asked.email):
        return await gateway.commands.submit(request, ask)


@post("/v1/auth/refresh", name="refresh", status_code=HTTP_202_ACCEPTED)
async def refresh(request: HttpRequest) -> Answer:
    """Replace a refresh token, which then works no more, and get a new access token."""
    gateway = gateway_of(request)
    given = await read_body(request, SessionToken)
    token, tokens = given.value.refresh_token, gateway.tokens.refresh
    successor = tokens.successor(token)
    command = RefreshSession(
        session_id=tokens.parse(token),
        token_hash=tokens.token_hash(token),
        next_token_hash=tokens.token_hash(successor),
    )
    ask = Ask(
        effect=REFRESH,
        build=lambda _: command,
        data=given.data,
        render=lambda outcome: gateway.tokens.hand_out(outcome, successor),
    )
    return await gateway.commands.submit(request, ask)


@post("/v1/auth/logout", name="logout", status_code=HTTP_202_ACCEPTED)
async def logout(request: HttpRequest) -> Answer:
    """End a session: no refresh token of it works from then on."""
    gateway = gateway_of(request)
    given = await read_body(request, SessionToken)
    token = given.value.refresh_token
    command = EndSession(
        session_id=gateway.tokens.refresh.parse(token),
        token_hash=gateway.tokens.refresh.token_hash(token),
    )
    ask = Ask(effect=LOGOUT, build=lambda _: command, data=given.data)
    return await gateway.commands.submit(request, ask)


@get("/v1/me", name="me")
async def me(request: HttpRequest) -> Answer:
    """Show who is signed in."""
    gateway = gateway_of(request)
    user_id = actor_of(request).user_id

    async def named() -> UserView | None:
        view = await gateway.reads.user(user_id)
        return view if view is not None and view.name else None

    # The name comes with a reply, which may be a moment behind the event that the user registered.
    view = await shown_soon(named) or await gateway.reads.user(user_id)
    if view is None:
        detail = "Your account is not shown yet."
        raise Unavailable(detail, certain=True)
    return json_answer(view.document())


def _require_acceptable(asked: Registration) -> None:
    try:
        check_address(asked.email)
    except InvalidInput as error:
        raise InvalidBody(error.detail, errors=[FieldError("/email", error.detail)]) from None
    try:
        check_password(asked.password, email=asked.email, name=asked.name)
    except WeakPassword as error:
        wrong = FieldError("/password", error.detail)
        raise UnacceptablePassword(error.detail, errors=[wrong]) from None
