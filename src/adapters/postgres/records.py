"""Headers as they lie in tables: names may repeat, and values are any bytes."""

from typing import Final

import msgspec

from tradex_core.events.envelope import Headers

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Headers)


def encode_headers(headers: Headers) -> bytes:
    """Return headers as MessagePack."""
    return _encoder.encode(headers)


def decode_headers(data: bytes) -> Headers:
    """Return the headers that `encode_headers` was given."""
    return _decoder.decode(data)
