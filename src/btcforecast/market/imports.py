"""Import: the candles of a file into the store, all of its good rows or none."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from btcforecast.core import Interval, Series, to_rfc3339
from btcforecast.market.files import UNBOUNDED, Bounds, CandleFile, Chunk, Reason, Rejected, refuse_nothing
from btcforecast.store.candles import CandleStore, Written
from btcforecast.store.database import Database

N_SHOWN: Final = 20
"""How many rejected rows a report names; all are counted, and all are told to `on_chunk`."""


@dataclass(slots=True)
class ImportReport:
    """What an import read, left out and stored."""

    series: Series
    is_stored: bool = False
    n_rows: int = 0
    n_candles: int = 0
    first_opened_at: int | None = None
    last_opened_at: int | None = None
    written: Written = field(default_factory=lambda: Written(0, 0, 0))
    n_rejected: Counter[Reason] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)

    def count(self, chunk: Chunk) -> None:
        """Add what a chunk of the file gave."""
        self.n_rows += chunk.n_rows
        self.n_candles += len(chunk.candles)
        self.n_rejected.update(row.reason for row in chunk.rejected)
        self.rejected += chunk.rejected[: N_SHOWN - len(self.rejected)]
        if len(chunk.candles):
            first, last = int(chunk.candles.opened_at[0]), int(chunk.candles.opened_at[-1])
            self.first_opened_at = first if self.first_opened_at is None else min(first, self.first_opened_at)
            self.last_opened_at = last if self.last_opened_at is None else max(last, self.last_opened_at)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "venue": self.series.venue,
            "symbol": self.series.symbol,
            "is_stored": self.is_stored,
            "n_rows": self.n_rows,
            "n_candles": self.n_candles,
            "first_opened_at": None if self.first_opened_at is None else to_rfc3339(self.first_opened_at),
            "last_opened_at": None if self.last_opened_at is None else to_rfc3339(self.last_opened_at),
            "n_new": self.written.n_new,
            "n_revised": self.written.n_revised,
            "n_same": self.written.n_same,
            "n_rejected": self.n_rejected.total(),
            "rejected_by_reason": {reason.name.lower(): n for reason, n in self.n_rejected.most_common()},
            "rejected": [{"line": row.line, "reason": row.reason.name.lower(), "found": row.found} for row in self.rejected],
        }


class _Undone(Exception):  # noqa: N818  # it is no error: it ends the transaction without storing
    """Strict, and there was something to reject."""


async def import_candles(
    database: Database,
    path: Path,
    *,
    series: Series,
    now: int,
    interval: Interval | None = None,
    is_strict: bool = False,
    is_dry_run: bool = False,
    bounds: Bounds = UNBOUNDED,
    on_chunk: Callable[[Chunk, int], None] = lambda _chunk, _n_units: None,
) -> ImportReport:
    """Store the good rows of a candle file in one transaction; strict, store nothing unless all rows are good.

    `on_chunk` is told each chunk and the size of the file in the units of `Chunk.n_done`. InputError where no row is usable.
    """
    file = await asyncio.to_thread(CandleFile, path, interval=interval, now=now, bounds=bounds)
    report = ImportReport(series)
    if is_dry_run:
        async for chunk in _chunks(file):
            report.count(chunk)
            on_chunk(chunk, file.n_units)
        _check_whole(path, report, is_strict=False)
        return report
    try:
        async with database.transaction() as connection:
            store = CandleStore(connection)
            async for chunk in _chunks(file):
                report.count(chunk)
                on_chunk(chunk, file.n_units)
                report.written += await store.write(series, chunk.candles, recorded_at=now)
            _check_whole(path, report, is_strict=is_strict)
    except _Undone:
        report.written = Written(0, 0, 0)
        return report
    report.is_stored = True
    return report


async def _chunks(file: CandleFile) -> AsyncIterator[Chunk]:
    """Read the file away from the event loop."""
    chunks = file.chunks()
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk


def _check_whole(path: Path, report: ImportReport, *, is_strict: bool) -> None:
    """End the transaction without storing when the file as a whole does not do."""
    first = report.rejected[0] if report.rejected else None
    refuse_nothing(path, n_rows=report.n_rows, n_candles=report.n_candles, first=first)
    if is_strict and report.rejected:
        raise _Undone
