"""CSV files, plain or gzipped: split by line, so that what is wrong can be named by its line, and held a piece at a time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np
import polars as pl

from btcforecast.core.errors import InputError
from btcforecast.market.files.columns import PRICES, Layout, is_header, is_headless_row
from btcforecast.market.files.quality import Rows
from btcforecast.market.files.source import Piece
from btcforecast.market.files.times import to_milliseconds

_PIECE_BYTES: Final = 4 * 1024 * 1024
_MAX_LINE_BYTES: Final = 64 * 1024
_MAX_BYTES: Final = 8 * 1024**3
"""Bounds of what is unpacked: a candle's line is under a kilobyte, and ten years of one-minute candles under one gigabyte."""
_PREAMBLE_LINES: Final = 5
_SEPARATORS: Final = ",;\t|"


class CsvFile:
    """One CSV file."""

    def __init__(self, path: Path, *, max_bytes: int | None = None) -> None:
        self._path = path
        self._max_bytes = _MAX_BYTES if max_bytes is None else max_bytes
        self._is_gzipped = _starts_gzipped(path)
        self.n_units: Final = path.stat().st_size
        """Bytes on disk, in which progress is counted."""
        self._separator, self._layout, self._first_line = self._find_layout()

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows, a few ten thousand at a time, in the file's order."""
        line = 1
        for text, n_done in self._texts():
            lines = text.split("\n")
            numbers = np.arange(line, line + len(lines), dtype=np.int64)
            line += len(lines) - 1
            yield self._piece(lines, numbers, n_done)

    def _piece(self, lines: list[str], numbers: np.ndarray[tuple[int], np.dtype[np.int64]], n_done: int) -> Piece:
        column = pl.Series("line", lines, dtype=pl.String).str.strip_chars(" \r")
        is_row = (column.str.len_bytes() > 0).to_numpy() & (numbers >= self._first_line)
        column = column.filter(pl.Series(is_row))
        layout = self._layout
        n_fields = column.str.count_matches(self._separator, literal=True).to_numpy() + 1
        fields = column.str.split_exact(self._separator, layout.n_fields - 1).struct.unnest()
        at = fields[:, layout.time]
        if layout.clock is not None:
            at = at.str.strip_chars(' "') + " " + fields[:, layout.clock].str.strip_chars(' "')
        places = [getattr(layout, name) for name in PRICES]
        values = [_numbers(fields[:, place]) for place in places]
        # A file without volumes has none to contradict; an absent field in a file with volumes is a fault.
        values.append(np.zeros(len(column)) if layout.volume is None else _numbers(fields[:, layout.volume]))
        rows = Rows(numbers[is_row], to_milliseconds(at), np.stack(values))
        return Piece(rows, is_torn=n_fields != layout.n_fields, n_done=n_done)

    def _find_layout(self) -> tuple[str, Layout, int]:
        """Return the separator, where each quantity stands, and the line of the first row."""
        with self._opened() as file:
            head = _decoded(file.read(_MAX_LINE_BYTES), self._path, is_first=True)
        if not head.strip():
            raise InputError(f"{self._path} is empty.")
        for number, line in enumerate(head.split("\n")[: _PREAMBLE_LINES + 1], start=1):
            separator = max(_SEPARATORS, key=line.count)
            fields = line.strip(" \r").split(separator)
            if is_header(fields):
                return separator, Layout.of_names(fields, path=str(self._path)), number + 1
            if is_headless_row(fields):
                return separator, Layout.headless(len(fields)), number
        first = head.split("\n", 1)[0].strip(" \r")
        names = first.split(max(_SEPARATORS, key=first.count))
        return ",", Layout.of_names(names, path=str(self._path)), 2

    def _texts(self) -> Iterator[tuple[str, int]]:
        """Yield whole lines, a piece of the file at a time, and how many bytes of the file have been read."""
        rest, n_read = b"", 0
        with self._path.open("rb") as raw, self._opened(raw) as file:
            while block := file.read(_PIECE_BYTES):
                n_read += len(block)
                if n_read > self._max_bytes:
                    raise InputError(f"{self._path} unpacks to more than {self._max_bytes / 1024**2:,.0f} MiB; split it.")
                whole, newline, after = (rest + block).rpartition(b"\n")
                rest = after
                if len(rest) > _MAX_LINE_BYTES:
                    raise InputError(f"{self._path} has a line longer than {_MAX_LINE_BYTES:,} bytes, so it is no candle file.")
                if newline:
                    # The newline stays, so that pieces count lines as the whole file does.
                    yield _decoded(whole + newline, self._path, is_first=n_read == len(block)), raw.tell()
            if rest:
                yield _decoded(rest, self._path, is_first=n_read == len(rest)), raw.tell()

    @contextmanager
    def _opened(self, raw: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
        source = raw or self._path.open("rb")
        try:
            if self._is_gzipped:
                with gzip.open(source, "rb") as unpacked:
                    yield unpacked  # type: ignore[misc]  # GzipFile reads like any binary file
            else:
                yield source
        except (gzip.BadGzipFile, zlib.error, EOFError) as e:
            raise InputError(f"{self._path} cannot be unpacked: {e}.") from e
        finally:
            if raw is None:
                source.close()


def _starts_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _decoded(block: bytes, path: Path, *, is_first: bool) -> str:
    if is_first:
        block = block.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in block:
        raise InputError(f"{path} holds bytes that no CSV file has; give a CSV (also .csv.gz) or Parquet file of candles.")
    # A wrong byte spoils its own line, which is then reported, and not the file.
    return block.decode("utf-8", errors="replace")


def _numbers(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    plain = column.str.strip_chars(" \t\r\"'").cast(pl.Float64, strict=False)
    return plain.fill_null(float("nan")).to_numpy()
