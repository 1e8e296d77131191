"""The platform's contracts as documents."""

import msgspec

from apps.cli.asyncapi import asyncapi_document
from apps.gateway.openapi import openapi_document
from tradex_core.events import codec


def openapi_json() -> str:
    """Return the HTTP API's OpenAPI document as indented JSON."""
    return _indented(openapi_document())


def asyncapi_json() -> str:
    """Return the topics' AsyncAPI document as indented JSON."""
    return _indented(asyncapi_document())


def _indented(document: object) -> str:
    return msgspec.json.format(codec.encode(document), indent=2).decode()
