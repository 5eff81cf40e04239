"""A candle file as five-minute candles and the rows that are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from btcforecast.core import BASE, Candles, Interval
from btcforecast.core.errors import InputError
from btcforecast.market.files.assemble import Assembler
from btcforecast.market.files.bounds import UNBOUNDED, Bounds
from btcforecast.market.files.opening import open_source
from btcforecast.market.files.quality import REASONS, Rejected, find_faults
from btcforecast.market.files.source import Piece
from btcforecast.market.files.times import UNREADABLE

_log: Final = structlog.get_logger()
_ROWS_LOOKED_AT: Final = 10_000
"""From how many of the first rows the interval is told."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one piece of a file gave: candles in order of time, the rows left out, and how much of the file is done."""

    candles: Candles
    rejected: list[Rejected]
    n_rows: int
    n_done: int


class CandleFile:
    """A CSV or Parquet file of candles, recognised by its content.

    interval: the width of its candles; without one it is the most common step between them. Five minutes are taken as they
    are, finer ones are joined, coarser ones are refused. now: rows that had not closed by then are left out. bounds: a larger file is refused.
    """

    def __init__(
        self, path: Path, *, interval: Interval | None = None, now: int | None = None, bounds: Bounds = UNBOUNDED
    ) -> None:
        self._path = path
        self._now = now
        self._max_rows = bounds.max_rows
        self._source = open_source(path, bounds)
        self._step_s = interval.seconds if interval else None
        if interval:
            self._check_step(interval.seconds)

    @property
    def n_units(self) -> int:
        """Return the size of the file in the units of `Chunk.n_done`."""
        return self._source.n_units

    def chunks(self) -> Iterator[Chunk]:
        """Yield the candles piece by piece in the file's order; every row is either in a candle or rejected."""
        assembler: Assembler | None = None
        step_s, n_done, n_rows = BASE.seconds, 0, 0
        for piece in self._source.pieces():
            n_rows += len(piece.rows)
            if self._max_rows is not None and n_rows > self._max_rows:
                raise InputError(f"{self._path} holds more than {self._max_rows:,} rows; split it.")
            if assembler is None:
                step_s = self._step_s or self._detect_step(piece)
                assembler = Assembler(step_s=step_s)
            faults = find_faults(piece.rows, is_torn=piece.is_torn, step_s=step_s, now=self._now)
            candles, late = assembler.add(piece.rows[faults < 0])
            rejected = [
                row for place in np.unique(faults[faults >= 0]) for row in piece.rows.reject(faults == place, REASONS[place])
            ]
            n_done = piece.n_done
            yield Chunk(candles, sorted(rejected + late, key=_line), len(piece.rows), n_done)
        if assembler is not None:
            candles, rejected = assembler.finish()
            yield Chunk(candles, rejected, 0, n_done)

    def _detect_step(self, piece: Piece) -> int:
        at_ms = np.sort(piece.rows.at_ms[(piece.rows.at_ms != UNREADABLE) & ~piece.is_torn][:_ROWS_LOOKED_AT])
        apart = np.diff(at_ms)
        if not apart.any():
            return BASE.seconds
        steps, counts = np.unique(apart[apart > 0], return_counts=True)
        step_ms = int(steps[np.argmax(counts)])
        if 2 * counts.max() <= counts.sum() and BASE.seconds * 1000 in steps:
            # No step is that of most rows, as in a short file with many faults.
            step_ms = BASE.seconds * 1000
        if step_ms % 1000:
            raise InputError(
                f"The rows of {self._path} are {step_ms / 1000:g} seconds apart, which is no interval of candles. "
                "Name it with --interval if the first rows mislead, such as --interval 5m."
            )
        self._check_step(step_ms // 1000)
        return step_ms // 1000

    def _check_step(self, step_s: int) -> None:
        if BASE.seconds % step_s == 0:
            return
        width = str(Interval(step_s)) if step_s % 60 == 0 else f"{step_s} s"
        why = (
            f"{BASE} ones cannot be made of coarser ones"
            if step_s > BASE.seconds
            else f"{BASE} ones cannot be joined from them evenly"
        )
        raise InputError(
            f"{self._path} holds {width} candles, and {why}. Give a file of {BASE} candles, or of finer ones such as 1m."
        )


def read_candles(
    path: Path,
    *,
    interval: Interval | None = None,
    now: int | None = None,
    on_rejected: Callable[[list[Rejected]], None] | None = None,
) -> Candles:
    """Return all five-minute candles of a file in order of time.

    Rows that are no candles are left out: told to `on_rejected`, or else logged as one warning. InputError when nothing is
    left.
    """
    parts: list[Candles] = []
    rejected: list[Rejected] = []
    n_rows = 0
    for chunk in CandleFile(path, interval=interval, now=now).chunks():
        parts.append(chunk.candles)
        rejected += chunk.rejected
        n_rows += chunk.n_rows
    refuse_nothing(path, n_rows=n_rows, n_candles=sum(map(len, parts)), first=rejected[0] if rejected else None)
    if rejected and on_rejected is not None:
        on_rejected(rejected)
    elif rejected:
        _log.warning("candles.rejected", path=str(path), n_rejected=len(rejected), first=str(rejected[0]))
    return _in_order(parts)


def refuse_nothing(path: Path, *, n_rows: int, n_candles: int, first: Rejected | None) -> None:
    """Raise InputError where a file gave no candle at all."""
    if n_candles:
        return
    if first is None:
        raise InputError(f"{path} has a header and no rows.")
    raise InputError(f"{path} has no usable candle in {n_rows:,} rows; {first}.")


def _in_order(parts: list[Candles]) -> Candles:
    """Return the parts as one; files may run backwards."""
    filled = [part for part in parts if len(part)]
    columns = [
        np.concatenate([getattr(part, name) for part in filled])
        for name in ("opened_at", "open", "high", "low", "close", "volume")
    ]
    order = np.argsort(columns[0], kind="stable")
    return Candles(*(column[order] for column in columns))


def _line(rejected: Rejected) -> int:
    return rejected.line
