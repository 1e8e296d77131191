"""Text as people compare it: whatever the case, whatever the accents."""

from unicodedata import combining, normalize


def folded(text: str) -> str:
    """Return a text without case and without combining marks (Unicode form NFKD)."""
    if text.isascii():
        return text.lower()
    decomposed = normalize("NFKD", text)
    return "".join(character for character in decomposed if not combining(character)).casefold()
