"""Spans of time: the width of a candle and the reach of a forecast."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from btcforecast.core.errors import InputError

_UNIT_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")


def parse_span(text: str) -> int:
    """Return the seconds in a span such as `5m`, `24h` or `7d`."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        message = f"“{text}” is not a span of time; write a whole number and m, h or d, such as 5m, 24h or 7d."
        raise InputError(message)
    return int(found[1]) * _UNIT_SECONDS[found[2]]


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The width of a candle in seconds: a divisor or a multiple of whole minutes."""

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.seconds % 60:
            message = f"A candle's interval is whole minutes; {self.seconds} seconds is not."
            raise InputError(message)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the interval named by text such as `5m`."""
        return cls(parse_span(text))

    def __str__(self) -> str:
        for unit, size in (("d", 86400), ("h", 3600)):
            if self.seconds % size == 0:
                return f"{self.seconds // size}{unit}"
        return f"{self.seconds // 60}m"

    def floor(self, at: int) -> int:
        """Return the last instant on this grid at or before `at`."""
        return at - at % self.seconds


BASE: Final = Interval(300)
"""The interval that is stored; every other one is derived from it."""


@dataclass(frozen=True, slots=True, order=True)
class Horizon:
    """How far a forecast looks ahead, in whole base candles; written like `1h` or `7d`."""

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.seconds % BASE.seconds:
            message = f"A horizon is a whole number of five-minute candles; {self.seconds} seconds is not."
            raise InputError(message)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the horizon named by text such as `24h`."""
        return cls(parse_span(text))

    @property
    def n_steps(self) -> int:
        """Return the horizon in base candles."""
        return self.seconds // BASE.seconds

    def __str__(self) -> str:
        days, rest = divmod(self.seconds, 86400)
        if rest == 0 and days > 1:
            return f"{days}d"
        return f"{self.seconds // 3600}h" if self.seconds % 3600 == 0 else f"{self.seconds // 60}m"


HORIZONS: Final = tuple(Horizon.parse(text) for text in ("1h", "4h", "12h", "24h", "3d", "7d", "30d"))
"""The horizons of every published forecast, nearest first."""
