"""Numbers in sentences."""

from __future__ import annotations

import math


def counted(n: int, one: str, many: str | None = None) -> str:
    """Return the number with its noun, such as “1 gap” or “2,000 gaps”. many: the plural, where it is not `one` and an s."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def price_decimals(price: float) -> int:
    """Return to how many decimals prices of this size are shown: seven digits, and at least cents."""
    return max(2, 6 - math.floor(math.log10(price)))


def said_price(price: float, *, beside: float | None = None) -> str:
    """Return a price for a sentence. beside: the price whose decimals it takes, such as the spot for a loss; its own otherwise."""
    return f"{price:,.{price_decimals(beside or price)}f}".rstrip("0").rstrip(".")
