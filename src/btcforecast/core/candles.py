"""Closed price bars as columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core.errors import InvalidCandlesError
from btcforecast.core.interval import BASE, Interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VALUES: Final = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Closed candles of one symbol at one venue, oldest first, as read-only columns of equal length.

    opened_at: int64, Unix seconds UTC, strictly increasing, multiples of the interval; gaps are allowed and never filled.
    open, high, low, close: float64, quote currency, positive, low ≤ open, close ≤ high.
    volume: float64, base units, not negative (zero where the venue gives none).
    """

    opened_at: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    interval: Interval = field(default=BASE, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "opened_at", _column(self.opened_at, np.int64))
        for name in VALUES:
            object.__setattr__(self, name, _column(getattr(self, name), np.float64))
        self._check()

    def _check(self) -> None:
        n = len(self.opened_at)
        if any(len(column) != n for column in self._values()):
            message = "Candle columns differ in length."
            raise InvalidCandlesError(message)
        if n == 0:
            return
        if not np.all(np.diff(self.opened_at) > 0):
            message = "Candles must be strictly increasing in time, each once."
            raise InvalidCandlesError(message)
        if np.any(self.opened_at % self.interval.seconds):
            message = f"Candles must open on the {self.interval} grid."
            raise InvalidCandlesError(message)
        values = np.vstack(self._values())
        if not np.all(np.isfinite(values)) or np.any(self.low <= 0) or np.any(self.volume < 0):
            message = "Candles must have finite positive prices and volumes that are not negative."
            raise InvalidCandlesError(message)
        body_low, body_high = (
            np.minimum(self.open, self.close),
            np.maximum(self.open, self.close),
        )
        if np.any(self.low > body_low) or np.any(self.high < body_high):
            message = "A candle's low must be its lowest and its high its highest price."
            raise InvalidCandlesError(message)

    def _values(self) -> tuple[Floats, ...]:
        return (self.open, self.high, self.low, self.close, self.volume)

    @classmethod
    def empty(cls, interval: Interval = BASE) -> Self:
        """Return no candles."""
        none = np.empty(0)
        return cls(np.empty(0, np.int64), none, none, none, none, none, interval=interval)

    @classmethod
    def concat(cls, parts: Iterable[Self]) -> Self:
        """Return the parts joined, which must already be in order and share an interval."""
        found = [part for part in parts if len(part)]
        if not found:
            return cls.empty()
        if len({part.interval for part in found}) > 1:
            message = "Candles of different intervals cannot be joined."
            raise InvalidCandlesError(message)
        opened_at = np.concatenate([part.opened_at for part in found])
        values = (np.concatenate([getattr(part, name) for part in found]) for name in VALUES)
        return cls(opened_at, *values, interval=found[0].interval)

    def __len__(self) -> int:
        return len(self.opened_at)

    def __getitem__(self, rows: slice) -> Self:
        if rows.step not in (None, 1):
            message = "Candles are cut in one piece; a step would leave holes that no venue has."
            raise InvalidCandlesError(message)
        # A cut of checked candles needs no second check; histories are cut at every step of a walk-forward.
        part = object.__new__(type(self))
        for name in ("opened_at", *VALUES):
            object.__setattr__(part, name, getattr(self, name)[rows])
        object.__setattr__(part, "interval", self.interval)
        return part

    @property
    def closed_at(self) -> Ints:
        """Return the instants at which the candles closed."""
        return self.opened_at + self.interval.seconds

    @property
    def as_of(self) -> int:
        """Return the close of the newest candle: the instant up to which everything here is known."""
        if not len(self):
            message = "There are no candles, so nothing is known as of any instant."
            raise InvalidCandlesError(message)
        return int(self.opened_at[-1]) + self.interval.seconds

    def up_to(self, as_of: int) -> Self:
        """Return the candles that had closed by `as_of`: the only view of history that a model is given."""
        return self[: int(np.searchsorted(self.opened_at, as_of - self.interval.seconds, side="right"))]

    def since(self, opened_from: int) -> Self:
        """Return the candles opened at or after `opened_from`."""
        return self[int(np.searchsorted(self.opened_at, opened_from, side="left")) :]

    def close_at(self, at: int) -> float | None:
        """Return the close of the candle that closed exactly at `at`, or None where it is missing."""
        row = int(np.searchsorted(self.opened_at, at - self.interval.seconds))
        if row < len(self) and self.opened_at[row] == at - self.interval.seconds:
            return float(self.close[row])
        return None

    def missing(self) -> Ints:
        """Return the opening instants between the first and the last candle that have none."""
        if len(self) < 2:
            return np.empty(0, np.int64)
        grid = np.arange(self.opened_at[0], self.opened_at[-1], self.interval.seconds, dtype=np.int64)
        return np.setdiff1d(grid, self.opened_at, assume_unique=True)

    def resample(self, interval: Interval) -> Self:
        """Return candles of a wider interval built from these; a bucket counts when at least one of its candles exists.

        The last bucket is dropped unless it has closed, so that no unfinished candle appears.
        """
        if interval == self.interval or not len(self):
            return self
        if interval.seconds % self.interval.seconds:
            message = f"{interval} candles cannot be built from {self.interval} ones."
            raise InvalidCandlesError(message)
        bucket = self.opened_at - self.opened_at % interval.seconds
        starts = np.flatnonzero(np.r_[True, np.diff(bucket) > 0])
        ends = np.r_[starts[1:], len(self)] - 1
        whole = type(self)(
            bucket[starts],
            self.open[starts],
            np.maximum.reduceat(self.high, starts),
            np.minimum.reduceat(self.low, starts),
            self.close[ends],
            np.add.reduceat(self.volume, starts),
            interval=interval,
        )
        return whole.up_to(self.as_of)

    def digest(self) -> str:
        """Return the SHA-256, in hex, of all columns as little-endian bytes: two equal digests mean equal candles."""
        sha = hashlib.sha256(str(self.interval).encode())
        for column in (self.opened_at, *self._values()):
            sha.update(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<"), copy=False).tobytes())
        return sha.hexdigest()


def _column(values: NDArray[np.generic], kind: type[np.generic]) -> NDArray[np.generic]:
    column = np.ascontiguousarray(values, dtype=kind).view()
    column.flags.writeable = False
    return column
