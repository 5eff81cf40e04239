"""What clients write in parameters, read strictly: a fault names the parameter and says what to write instead."""

from __future__ import annotations

import math
from dataclasses import dataclass

from btcforecast.api.schemas.probability import QuestionKind
from btcforecast.core import from_rfc3339, parse_span
from btcforecast.core.errors import InputError

_EARLIEST = 946_684_800  # 2000-01-01
_LATEST = 4_102_444_800  # 2100-01-01


class ParameterError(InputError):
    """A parameter that cannot be used."""

    def __init__(self, parameter: str, message: str) -> None:
        self.parameter = parameter
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about the price: one level, or low and high for between."""

    kind: QuestionKind
    levels: tuple[float, ...]


def instant(text: str | None, parameter: str) -> int | None:
    """Return Unix seconds, or None where nothing was given."""
    if text is None:
        return None
    try:
        at = from_rfc3339(text)
    except (InputError, OverflowError) as e:
        # A plus sign in a query means a space, so an offset must be written %2B.
        message = f"“{text}” is not an instant; write it like 2025-12-01T00:00:00Z (a plus sign in it as %2B)."
        raise ParameterError(parameter, message) from e
    if not _EARLIEST <= at < _LATEST:
        raise ParameterError(parameter, f"“{text}” lies outside the years 2000 to 2099.")
    return at


def span(text: str | None, parameter: str) -> int | None:
    """Return the seconds in a span such as 24h, or None where nothing was given."""
    if text is None:
        return None
    try:
        return parse_span(text)
    except InputError as e:
        raise ParameterError(parameter, str(e)) from e


def asked_for(*, above: float | None, below: float | None, between: str | None, touch: float | None) -> Asked:
    """Return the one question that was asked."""
    given = {"above": above, "below": below, "between": between, "touch": touch}
    asked = [(name, value) for name, value in given.items() if value is not None]
    if len(asked) != 1:
        found = " and ".join(name for name, _ in asked) or "none of them"
        raise ParameterError("above", f"Ask one question: above, below, between or touch; {found} was given.")
    name, value = asked[0]
    if isinstance(value, str):
        return Asked(QuestionKind.BETWEEN, _two_prices(value))
    return Asked(QuestionKind(name), (float(value),))


def numbered_cursor(text: str | None) -> int | None:
    """Return the number of the entry that a page goes on from."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ParameterError(
            "cursor", f"“{text}” is not a cursor of this list; give `next_cursor` of the page before, unchanged."
        )
    return int(text)


def _two_prices(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        low, high = (float(part) for part in parts)
    except ValueError as e:
        raise ParameterError("between", f"“{text}” is not two prices; write LOW,HIGH such as 80000,90000.") from e
    if not (0 < low < high < math.inf):
        raise ParameterError("between", f"“{text}” must be two prices, the lower one first, such as 80000,90000.")
    return low, high
