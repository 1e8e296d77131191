"""Ids as PostgreSQL compares them."""

from collections.abc import Iterable
from uuid import UUID


def uuids(texts: Iterable[str]) -> list[UUID]:
    """Return those of these texts that are UUIDs as the core writes them; others name no row."""
    found = []
    for text in texts:
        try:
            value = UUID(text)
        except ValueError:
            continue
        if str(value) == text:
            found.append(value)
    return found
