"""Numbers in sentences."""

from __future__ import annotations


def counted(n: int, one: str, many: str | None = None) -> str:
    """Return the number with its noun, such as “1 gap” or “2,000 gaps”. many: the plural, where it is not `one` and an s."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
