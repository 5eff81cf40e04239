"""Which rows of a file are no candles, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Floats, Ints, to_rfc3339
from btcforecast.market.files.times import UNREADABLE


class Reason(StrEnum):
    """Why a row is left out; the value is the reason in words."""

    TORN = "another number of fields than the header"
    TIME = "no readable time"
    NUMBER = "a price or volume that is no finite number"
    NOT_POSITIVE = "a price of zero or below"
    NEGATIVE_VOLUME = "a negative volume"
    HIGH_BELOW_LOW = "high below low"
    OUTSIDE = "open or close outside of high and low"
    OFF_GRID = "not on the grid of its interval"
    FUTURE = "in the future, or not closed yet"
    DUPLICATE = "the same time as a row before"
    OUT_OF_ORDER = "back in five minutes that were already complete; finer candles must be in order of time"
    UNFINISHED = "part of five minutes that the file does not hold to the end"


REASONS: Final = tuple(Reason)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was left out: its line, the reason, and what was found there."""

    line: int
    reason: Reason
    found: str

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.reason} ({self.found})"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a file as numbers, in the file's order: Unix milliseconds, prices and volume, and the line of each."""

    line: Ints
    at_ms: Ints
    values: Floats
    """Shape (5, n): open, high, low, close, volume; NaN where it cannot be read."""

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Rows:
        return Rows(self.line[chosen], self.at_ms[chosen], self.values[:, chosen])

    def joined(self, other: Rows) -> Rows:
        """Return these rows and, after them, the others."""
        return Rows(
            np.concatenate([self.line, other.line]),
            np.concatenate([self.at_ms, other.at_ms]),
            np.concatenate([self.values, other.values], axis=1),
        )

    def reject(self, chosen: NDArray[np.bool_], reason: Reason) -> list[Rejected]:
        """Return the chosen rows with the reason."""
        return [Rejected(int(self.line[row]), reason, self._found(int(row))) for row in np.flatnonzero(chosen)]

    def _found(self, row: int) -> str:
        at_ms = int(self.at_ms[row])
        at = "no time" if at_ms == UNREADABLE else _instant(at_ms)
        names = ("open", "high", "low", "close", "volume")
        return f"{at} " + " ".join(f"{name} {value:.12g}" for name, value in zip(names, self.values[:, row], strict=True))


def find_faults(rows: Rows, *, is_torn: NDArray[np.bool_], step_s: int, now: int | None) -> NDArray[np.int64]:
    """Return for each row the place in REASONS of what is wrong with it by itself, or −1 where nothing is."""
    open_, high, low, close, volume = rows.values
    prices = rows.values[:4]
    faults = {
        Reason.TORN: is_torn,
        Reason.TIME: rows.at_ms == UNREADABLE,
        Reason.NUMBER: ~np.isfinite(rows.values).all(axis=0),
        Reason.NOT_POSITIVE: (prices <= 0).any(axis=0),
        Reason.NEGATIVE_VOLUME: volume < 0,
        Reason.HIGH_BELOW_LOW: high < low,
        Reason.OUTSIDE: (np.minimum(open_, close) < low) | (np.maximum(open_, close) > high),
        Reason.OFF_GRID: rows.at_ms % (step_s * 1000) != 0,
    }
    if now is not None:
        faults[Reason.FUTURE] = rows.at_ms > (now - step_s) * 1000
    return np.select(list(faults.values()), [REASONS.index(reason) for reason in faults], -1)


def _instant(at_ms: int) -> str:
    try:
        return to_rfc3339(at_ms // 1000)
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
