"""What kind of file it is, by how it begins."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from btcforecast.core.errors import InputError
from btcforecast.market.files.bounds import Bounds
from btcforecast.market.files.csvfile import CsvFile
from btcforecast.market.files.parquetfile import ParquetFile
from btcforecast.market.files.source import Source

_OTHERS: Final = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or a spreadsheet; unpack it, or save the sheet as CSV",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "compressed with zstandard; unpack it",
    b"BZh": "compressed with bzip2; unpack it",
    b"\xfd7zXZ": "compressed with xz; unpack it",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
    b"\x93NUMPY": "a numpy array",
    b"{": "JSON",
    b"[": "JSON",
    # MetaTrader writes its column names in angle brackets, so that one bracket proves nothing.
    b"<!": "a page of HTML or XML",
    b"<?": "a page of HTML or XML",
    b"<html": "a page of HTML or XML",
}
"""How files begin that people take for candle files."""


def open_source(path: Path, bounds: Bounds) -> Source:
    """Return the reader for what the file is, by its content; InputError says what it is instead."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError as e:
        raise InputError(f"There is no file {path}.") from e
    except IsADirectoryError as e:
        raise InputError(f"{path} is a folder; give a CSV or Parquet file of candles.") from e
    except OSError as e:
        raise InputError(f"{path} cannot be read: {e.strerror}.") from e
    if not head:
        raise InputError(f"{path} is empty.")
    if head.startswith(b"PAR1"):
        return ParquetFile(path)
    for beginning, name in _OTHERS.items():
        if head.startswith(beginning):
            raise InputError(f"{path} is {name}. Expected is a CSV (also .csv.gz) or Parquet file of candles.")
    return CsvFile(path, max_bytes=bounds.max_unpacked_bytes)
