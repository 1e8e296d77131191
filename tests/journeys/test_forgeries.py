"""What is written to the broker past the gateway gains nothing without the right signature."""

from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from tests.builders.messages import bare, signed, value_of, with_headers
from tests.journeys.conftest import embedded_settings
from tests.journeys.holdings import Holdings, Relation
from tests.journeys.log import records_of
from tests.journeys.people import People

from apps.gateway.policy import ANYBODY, command_rights
from apps.platform.platform import Platform
from apps.runtime.settings import Settings
from tradex_core.events import codec, topics
from tradex_core.events.envelope import Actor, ActorSignatures
from tradex_core.events.fields import Command
from tradex_core.events.product import GetProduct
from tradex_core.events.user import Role
from tradex_core.messaging.broker import Message

ADMIN: Final = Actor("018d0c1e-8a00-7000-8000-0000000000e1", Role.ADMIN)
MALLORY: Final = Actor("018d0c1e-8a00-7000-8000-0000000000d1", Role.BUYER)
RESERVED: Final = [kind for kind, rights in command_rights().items() if rights is not ANYBODY]


class Forger:
    """Has seen messages that the gateway signed, and knows everything but the key."""

    def __init__(self, holdings: Holdings, signatures: ActorSignatures) -> None:
        self._holdings = holdings
        self._signatures = signatures

    def genuine(self, command: Command, actor: Actor) -> Message:
        """Return a command as the gateway would publish it for an actor."""
        operation_id = self._holdings.operation(actor.user_id, command.command)
        return signed(command, operation_id, actor=actor, signatures=self._signatures)

    def forgeries(self, command: Command) -> Mapping[str, Message]:
        """Return messages that ask for it as an admin would, by what is wrong with each."""
        other = self.genuine(GetProduct(sku="ANY"), ADMIN)
        as_admin = {"actor_id": ADMIN.user_id.encode(), "actor_role": b"admin"}
        return {
            "no headers": bare(command),
            "no signature": with_headers(self.genuine(command, ADMIN), actor_signature=None),
            "no actor": with_headers(self.genuine(command, ADMIN), actor_id=None, actor_role=None),
            "another key": signed(
                command, "guessed", actor=ADMIN, signatures=ActorSignatures(b"guessed")
            ),
            "another role": with_headers(self.genuine(command, MALLORY), actor_role=b"admin"),
            "another actor": with_headers(self.genuine(command, MALLORY), **as_admin),
            "another type": with_headers(self.genuine(command, ADMIN), ce_type=b"GET_PRODUCT"),
            "another value": Message(command.topic, b"k", value_of(command), other.headers),
            "another id": with_headers(
                self.genuine(command, ADMIN), ce_id=b"018d0c1e-8a00-7000-8000-0000000000f9"
            ),
            "no id": with_headers(self.genuine(command, ADMIN), ce_id=None),
        }


async def effects(platform: Platform) -> list[bytes | None]:
    """Return everything that the services have told: events and answers."""
    told = await records_of(platform, *topics.EVENTS, topics.COMMAND_REPLIES)
    return [record.value for record in told]


async def letters_of(platform: Platform, topic: str) -> list[bytes]:
    """Return why each dead letter of a topic is one."""
    letters = await records_of(platform, topics.dead_letter_topic(topic))
    return [dict(letter.headers)["dlq-exception-type"] for letter in letters]


async def publish(platform: Platform, messages: Sequence[Message]) -> None:
    """Write messages to the broker, and wait until they are handled."""
    assert [None] * len(messages) == await platform.broker.publish(messages)
    assert await platform.quiet(20)


class TestWhereUnsignedCommandsAreRefused:
    """Nothing but what the gateway signed is carried out."""

    @pytest.fixture
    def settings(self) -> Settings:
        return embedded_settings(unsigned_commands="refuse")

    @pytest.mark.parametrize("kind", RESERVED, ids=lambda kind: kind.command)
    async def test_a_forged_command_is_a_dead_letter_and_a_genuine_one_counts_once(
        self, platform: Platform, people: People, kind: type[Command]
    ) -> None:
        holdings = Holdings(platform, people)
        forger = Forger(holdings, platform.container.signatures())
        command = await holdings.command(kind, Relation.OTHERS, MALLORY.user_id)
        genuine = forger.genuine(command, ADMIN)
        its_id = with_headers(genuine, actor_role=b"seller")
        forgeries = [*forger.forgeries(command).values(), its_id]
        before = await effects(platform)

        await publish(platform, forgeries)

        assert before == await effects(platform)
        assert [b"Forged"] * len(forgeries) == await letters_of(platform, kind.topic)
        await publish(platform, [genuine, genuine])
        assert len(before) < len(await effects(platform))
        once = await effects(platform)
        await publish(platform, [genuine])
        assert once == await effects(platform)


async def test_what_the_original_did_not_have_needs_a_signature_also_where_its_clients_need_none(
    platform: Platform, people: People
) -> None:
    holdings = Holdings(platform, people)
    for kind in RESERVED:
        if kind.original:
            continue
        command = await holdings.command(kind, Relation.OTHERS, MALLORY.user_id)
        before, letters = await effects(platform), await letters_of(platform, kind.topic)
        await publish(platform, [bare(command)])
        assert before == await effects(platform)
        assert [*letters, b"Forged"] == await letters_of(platform, kind.topic)


async def test_a_genuine_command_means_nothing_in_another_services_topic(
    platform: Platform, people: People
) -> None:
    holdings = Holdings(platform, people)
    forger, before = Forger(holdings, platform.container.signatures()), await effects(platform)
    genuine = forger.genuine(GetProduct(sku="ANY"), ADMIN)
    for topic in topics.COMMANDS:
        if topic != genuine.topic:
            moved = Message(topic, genuine.key, genuine.value, genuine.headers)
            await publish(platform, [moved])
            assert [b"Undecodable"] == await letters_of(platform, topic)
    assert before == await effects(platform)


async def test_an_answer_that_nobody_asked_for_is_shown_to_nobody(
    platform: Platform, people: People
) -> None:
    buyer = await people.buyer()
    reply = codec.encode(
        {
            "operationId": "018d0c1e-8a00-7000-8000-0000000000f9",
            "command": "CREATE_ORDER",
            "status": "succeeded",
            "completedAt": "2024-01-15T10:00:00Z",
        }
    )
    await publish(platform, [Message(topics.COMMAND_REPLIES, b"k", reply)])
    answer = await buyer.get("/operations/018d0c1e-8a00-7000-8000-0000000000f9")
    assert 404 == answer.status_code
