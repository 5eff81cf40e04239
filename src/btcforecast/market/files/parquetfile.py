"""Parquet files, read some row groups at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from btcforecast.core.errors import InputError
from btcforecast.market.files.columns import PRICES, Layout
from btcforecast.market.files.quality import Rows
from btcforecast.market.files.source import Piece
from btcforecast.market.files.times import to_milliseconds

_PIECE_ROWS: Final = 200_000


class ParquetFile:
    """One Parquet file; a row's line is its number, from 1."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            scan = pl.scan_parquet(path, glob=False)
            self._names = scan.collect_schema().names()
            self.n_units: Final[int] = int(scan.select(pl.len()).collect().item())
        except (PolarsError, OSError) as e:
            raise InputError(f"{path} begins like a Parquet file and cannot be read as one; is it cut short?") from e
        """Rows, in which progress is counted."""
        if not self.n_units:
            raise InputError(f"{path} is empty.")
        self._layout = Layout.of_names(self._names, path=str(path))

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows in the file's order."""
        layout = self._layout
        places = [layout.time, *(getattr(layout, name) for name in PRICES)]
        if layout.volume is not None:
            places.append(layout.volume)
        wanted = pl.scan_parquet(self._path, glob=False).select(self._names[place] for place in dict.fromkeys(places))
        for start in range(0, self.n_units, _PIECE_ROWS):
            try:
                frame = wanted.slice(start, _PIECE_ROWS).collect()
            except (PolarsError, OSError) as e:
                raise InputError(f"{self._path} is damaged after row {start:,}.") from e
            numbers = [_numbers(frame[self._names[place]]) for place in places[1:]]
            if layout.volume is None:
                numbers.append(np.zeros(len(frame)))
            rows = Rows(
                np.arange(start + 1, start + 1 + len(frame), dtype=np.int64),
                to_milliseconds(frame[self._names[layout.time]]),
                np.stack(numbers),
            )
            yield Piece(rows, is_torn=np.zeros(len(frame), np.bool_), n_done=start + len(frame))


def _numbers(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    try:
        return column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    except PolarsError:
        # A column of lists or structs holds no numbers, and every row says so.
        return np.full(len(column), float("nan"))
