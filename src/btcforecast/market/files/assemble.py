"""From good rows to five-minute candles: each instant once, finer candles joined."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import BASE, Candles, Ints
from btcforecast.market.files.quality import Reason, Rejected, Rows

_BASE_MS: Final = BASE.seconds * 1000


class Seen:
    """Instants that came before, held as the sorted pieces in which they came."""

    def __init__(self) -> None:
        self._pieces: list[Ints] = []

    def among(self, instants: Ints) -> NDArray[np.bool_]:
        """Say which of the instants came before."""
        found = np.zeros(len(instants), np.bool_)
        if not len(instants):
            return found
        first, last = instants.min(), instants.max()
        # In a file in order no piece overlaps another, so that this costs nothing.
        for piece in self._pieces:
            if piece[0] <= last and piece[-1] >= first:
                found |= np.isin(instants, piece)
        return found

    def add(self, instants: Ints) -> None:
        """Remember the instants, which are in order."""
        if len(instants):
            self._pieces.append(instants[np.r_[True, np.diff(instants) > 0]])


class Assembler:
    """Takes the good rows of one file, piece by piece, and gives candles."""

    def __init__(self, *, step_s: int) -> None:
        self._step_ms = step_s * 1000
        self._seen = Seen()
        self._given = Seen()
        self._waiting: Rows | None = None
        self._earliest_ms: int = np.iinfo(np.int64).max
        self._latest_ms: int = np.iinfo(np.int64).min

    def add(self, rows: Rows) -> tuple[Candles, list[Rejected]]:
        """Return the candles that are complete with these rows, and the rows that repeat or come too late."""
        order = np.argsort(rows.at_ms, kind="stable")
        in_order = rows.at_ms[order]
        # Stable: of equal instants the first in the file comes first and stands.
        repeats = np.zeros(len(rows), np.bool_)
        repeats[order[1:]] = in_order[1:] == in_order[:-1]
        repeats |= self._seen.among(rows.at_ms)
        rejected = rows.reject(repeats, Reason.DUPLICATE)
        kept = rows[order[~repeats[order]]]
        self._seen.add(kept.at_ms)
        if self._step_ms == _BASE_MS:
            return _candles(kept), rejected
        return self._join(kept, rejected)

    def finish(self) -> tuple[Candles, list[Rejected]]:
        """Return what waited for more rows: whole at its edges, or left out."""
        if self._waiting is None or not len(self._waiting):
            return Candles.empty(), []
        rows = self._waiting
        bucket = rows.at_ms - rows.at_ms % _BASE_MS
        # Within a file a minute without a row is one without trades; at its edges it may be one that the file has not.
        starts_late = (bucket == bucket[0]) & (rows.at_ms[0] != bucket[0]) & (bucket[0] == self._earliest_ms)
        ends_early = (
            (bucket == bucket[-1]) & (rows.at_ms[-1] != bucket[-1] + _BASE_MS - self._step_ms) & (bucket[-1] == self._latest_ms)
        )
        is_part = starts_late | ends_early
        return _joined(rows[~is_part]), rows.reject(is_part, Reason.UNFINISHED)

    def _join(self, rows: Rows, rejected: list[Rejected]) -> tuple[Candles, list[Rejected]]:
        bucket = rows.at_ms - rows.at_ms % _BASE_MS
        late = self._given.among(bucket)
        rejected += rows.reject(late, Reason.OUT_OF_ORDER)
        rows = rows[~late]
        if self._waiting is not None:
            rows = self._waiting.joined(rows)
            rows = rows[np.argsort(rows.at_ms, kind="stable")]
        if not len(rows):
            return Candles.empty(), rejected
        bucket = rows.at_ms - rows.at_ms % _BASE_MS
        self._earliest_ms = min(self._earliest_ms, int(bucket[0]))
        self._latest_ms = max(self._latest_ms, int(bucket[-1]))
        # The next piece may go on where this one ends: at its newest candle, or at its oldest if the file runs backwards.
        is_edge = (bucket == bucket[0]) | (bucket == bucket[-1])
        self._waiting = rows[is_edge]
        self._given.add(bucket[~is_edge])
        return _joined(rows[~is_edge]), rejected


def _candles(rows: Rows) -> Candles:
    return Candles(rows.at_ms // 1000, *rows.values)


def _joined(rows: Rows) -> Candles:
    """Return five-minute candles of finer rows in order of time."""
    if not len(rows):
        return Candles.empty()
    bucket = rows.at_ms - rows.at_ms % _BASE_MS
    starts = np.flatnonzero(np.r_[True, np.diff(bucket) > 0])
    ends = np.r_[starts[1:], len(rows)] - 1
    open_, high, low, close, volume = rows.values
    return Candles(
        bucket[starts] // 1000,
        open_[starts],
        np.maximum.reduceat(high, starts),
        np.minimum.reduceat(low, starts),
        close[ends],
        np.add.reduceat(volume, starts),
    )
