"""What lies in the log is what the topics' description says of it."""

from tests.journeys.log import records_of
from tests.journeys.people import People

from apps.cli.asyncapi import asyncapi_document
from apps.platform.platform import Platform
from tradex_core.events import topics


async def test_every_message_is_of_a_kind_and_from_a_sender_that_are_described(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=3)
    await buyer.orders(product, 2)
    await buyer.orders(product, 2)
    await seller.patch(f"/products/{product['productId']}", {"name": "Another name"})
    assert await platform.quiet(20)

    document = asyncapi_document()
    written = set()
    for record in await records_of(platform):
        headers = {name: value.decode() for name, value in record.headers}
        described = document["components"]["messages"][headers["ce_type"]]["headers"]
        assert set() == set(headers) - set(described["properties"])
        assert headers["ce_type"] in document["channels"][record.topic]["messages"]
        assert f"{headers['ce_source']}.send.{record.topic}" in document["operations"]
        written.add(record.topic)
    assert {*topics.COMMANDS, *topics.EVENTS, topics.COMMAND_REPLIES} == written
