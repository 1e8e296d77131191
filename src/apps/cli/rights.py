"""What each program may do at the broker: declared here once, from what each reads and writes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from apps.cli.asyncapi import Party, parties
from tradex_core.events import topics
from tradex_core.events.topics import dead_letter_topic
from tradex_core.messaging.rights import Operation, Resource, Right

OPERATOR: Final = "operator"
FOLLOWS: Final = "gateway"
"""The one app that reads in no group: each of its replicas follows the ends of the topics."""
PRINCIPALS: Final[Mapping[str, str]] = {
    name: f"User:{name}" for name in (*(party.name for party in parties()), OPERATOR)
}
"""Who each program is to the broker, where nothing else is said."""

_HANDLED: Final = (*topics.COMMANDS, *topics.EVENTS, topics.COMMAND_REPLIES)


def declared(
    principals: Mapping[str, str], *, clients: Iterable[str] = (), readers: Iterable[str] = ()
) -> tuple[Right, ...]:
    """Return every right; who has none of them may do nothing.

    `clients` are the principals of programs that send commands to Kafka themselves and await the
    answers there, `readers` those that only read events. Each has the group of its own name.
    """
    rights = [
        *(right for party in parties() for right in _of_app(party, principals[party.name])),
        *_of_operator(principals[OPERATOR]),
        *(right for client in clients for right in _of_client(client)),
        *(right for reader in readers for right in _of_reader(reader)),
    ]
    return tuple(dict.fromkeys(rights))


def reply_topic(topic: str) -> str:
    """Return the topic where the original's clients (NestJS) await the answers to a command."""
    return f"{topic}.reply"


def reader_group(app: str) -> str:
    """Return the group that an app names, and never joins, where it reads in none."""
    return f"tradex-{app}-reader"


def _of_app(party: Party, principal: str) -> Iterator[Right]:
    answers = (reply_topic(topic) for topic in party.reads if topic in topics.COMMANDS)
    yield from _topics(principal, Operation.READ, party.reads)
    yield from _topics(principal, Operation.WRITE, (*party.writes, *answers))
    if party.name == FOLLOWS:
        yield Right(principal, Operation.DESCRIBE, Resource.GROUP, reader_group(party.name))
    else:
        yield Right(principal, Operation.READ, Resource.GROUP, party.name)


def _of_operator(principal: str) -> Iterator[Right]:
    """Let topics be made and looked at, dead letters be decided on, and views be made anew."""
    letters = [dead_letter_topic(topic) for topic in _HANDLED]
    [projector] = [party for party in parties() if party.name == "projector"]
    for operation in (Operation.CREATE, Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS):
        yield from _topics(principal, operation, (*_HANDLED, *letters))
    yield from _topics(principal, Operation.READ, (*letters, *projector.reads))
    yield from _topics(principal, Operation.WRITE, (*_HANDLED, *letters))
    groups = (party.name for party in parties() if party.name != FOLLOWS)
    for group in (*groups, reader_group(OPERATOR)):
        yield Right(principal, Operation.DESCRIBE, Resource.GROUP, group)


def _of_client(principal: str) -> Iterator[Right]:
    yield from _topics(principal, Operation.WRITE, topics.COMMANDS)
    yield from _topics(principal, Operation.READ, map(reply_topic, topics.COMMANDS))
    yield _own_group(principal)


def _of_reader(principal: str) -> Iterator[Right]:
    yield from _topics(principal, Operation.READ, topics.EVENTS)
    yield _own_group(principal)


def _own_group(principal: str) -> Right:
    return Right(principal, Operation.READ, Resource.GROUP, principal.partition(":")[2])


def _topics(principal: str, operation: Operation, names: Iterable[str]) -> Iterator[Right]:
    return (Right(principal, operation, Resource.TOPIC, name) for name in names)
