"""What the auth service keeps, and how it is looked up outside any unit of work."""

from datetime import timedelta

import psycopg
from tests.builders.machines import FakeClock
from tests.contracts.store_harness import NOW
from tests.contracts.stores import UsersStore, uuid_of

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.users import PostgresUserDirectory, UsersUnitOfWork
from tradex_core.events.user import Role
from tradex_core.ids import SessionId, UserId
from tradex_core.users.ports import SESSIONS, USERS, USERS_BY_EMAIL
from tradex_core.users.session import Session
from tradex_core.users.user import User

Users = UsersStore[PostgresDatabase]
EMAIL = "aña+o'hara@exämple.com"


async def register(store: Users) -> User:
    user = User.register(
        user_id=UserId(uuid_of("ana")),
        email=EMAIL,
        name='Aña "Ana" O\'Hara',
        role=Role.SELLER,
        password_hash="$argon2id$v=19$hash",
        at=NOW + timedelta(microseconds=123_456),
    )
    session = Session.start(
        session_id=SessionId("session"), user_id=user.state.user_id, token_hash="1", at=NOW
    )
    async with UsersUnitOfWork(store.database) as unit:
        await unit.load([(USERS, user.state.user_id), (USERS_BY_EMAIL, EMAIL)])
        unit.users.add(user)
        unit.sessions.add(session)
        await unit.commit()
    return user


async def test_users_and_sessions_are_read_as_they_were_written(users: Users) -> None:
    user = await register(users)
    async with UsersUnitOfWork(users.database) as unit:
        await unit.load([(USERS_BY_EMAIL, EMAIL), (SESSIONS, "session")])
        found, session = unit.users.by_email(EMAIL), unit.sessions.find(SessionId("session"))
        assert found is not None
        assert session is not None
        assert user.state == found.state
        found.deactivate(NOW + timedelta(days=1))
        assert session.rotate("1", "2", sent_at=NOW, at=NOW + timedelta(seconds=1))
        session.end("2", at=NOW + timedelta(seconds=2))
        await unit.commit()
    async with UsersUnitOfWork(users.database) as unit:
        await unit.load([(USERS, user.state.user_id), (SESSIONS, "session")])
        again = unit.sessions.find(SessionId("session"))
        assert again is not None
        assert found.state == unit.users.get(user.state.user_id).state
        assert session.state == again.state


async def test_users_are_looked_up_by_email_and_by_session(users: Users) -> None:
    user = await register(users)
    directory = PostgresUserDirectory(users.database)
    assert user.state == await directory.find_by_email(EMAIL)
    assert user.state == await directory.find_by_session(SessionId("session"))
    assert await directory.find_by_email("nobody@example.com") is None
    assert await directory.find_by_session(SessionId("none")) is None


async def start_session(store: Users, session_id: str, clock: FakeClock) -> None:
    session = Session.start(
        session_id=SessionId(session_id),
        user_id=UserId(uuid_of("ana")),
        token_hash="1",
        at=clock.now(),
    )
    async with UsersUnitOfWork(store.database) as unit:
        unit.sessions.add(session)
        await unit.commit()


async def test_sessions_that_ran_out_go_as_others_come(users: Users, clock: FakeClock) -> None:
    await start_session(users, "old", clock)
    for days, expected in ((29, {"old", "new-29"}), (2, {"new-29", "new-2"})):
        clock.advance(days=days)
        await start_session(users, f"new-{days}", clock)
        async with UsersUnitOfWork(users.database) as unit:
            ids = [SessionId(each) for each in ("old", "new-29", "new-2")]
            await unit.load([(SESSIONS, each) for each in ids])
            assert expected == {each for each in ids if unit.sessions.find(each)}


async def test_who_registered_with_the_original_is_known(users: Users, auth_url: str) -> None:
    with psycopg.connect(auth_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO users (email, password, name, role)"
            " VALUES ('ana@example.com', 'hash', 'Ana', 'buyer')"
        )
    found = await PostgresUserDirectory(users.database).find_by_email("ana@example.com")
    assert found is not None
    assert (Role.BUYER, True, 1) == (found.role, found.is_active, found.version)
