"""kcat: a client of Kafka that is not ours, as any operator has it."""

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

PATIENCE_SECONDS = 20.0


def _program() -> str:
    found = shutil.which("kcat")
    if found is None:
        why = "kcat: it is not on PATH; install Debian's package of that name"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return str(found)


async def produce(
    address: str,
    topic: str,
    value: bytes,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Write one message."""
    named = [part for name, text in (headers or {}).items() for part in ("-H", f"{name}={text}")]
    keyed = ["-k", key] if key is not None else []
    command = [_program(), "-b", address, "-t", topic, "-P", "-q", *keyed, *named]
    await asyncio.to_thread(subprocess.run, command, input=value, check=True, timeout=30)


async def consume(address: str, topic: str) -> list[dict[str, Any]]:
    """Read everything that a topic holds: key, payload, headers and partition of each."""
    command = [_program(), "-b", address, "-t", topic, "-C", "-o", "beginning", "-e", "-q", "-J"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, check=True, timeout=30
    )
    # kcat prints a message's bytes as they are, though they may be no text.
    lines = done.stdout.decode(errors="replace").split("\n")
    return [json.loads(line) for line in lines if line]


async def until(
    address: str, topic: str, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Wait for a message of a topic; fails where it does not come within seconds."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_SECONDS:
        for message in await consume(address, topic):
            if wanted(message):
                return message
        await asyncio.sleep(0.2)
    pytest.fail(f"what was waited for did not come to {topic} within {PATIENCE_SECONDS} s")


def headers_of(message: Mapping[str, Any]) -> dict[str, str]:
    """Return a message's headers, which kcat prints as one flat list."""
    flat = message.get("headers") or []
    return dict(zip(flat[::2], flat[1::2], strict=True))
