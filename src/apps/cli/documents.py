"""The platform's contracts as documents."""

import msgspec

from apps.gateway.openapi import openapi_document
from tradex_core.events import codec


def openapi_json() -> str:
    """Return the HTTP API's OpenAPI document as indented JSON."""
    return msgspec.json.format(codec.encode(openapi_document()), indent=2).decode()
