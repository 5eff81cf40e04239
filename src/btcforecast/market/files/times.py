"""Instants as files write them: Unix time in any unit, ISO 8601 and its relatives."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from btcforecast.core import Ints

UNREADABLE: Final = np.iinfo(np.int64).min
"""Stands for an instant that cannot be read."""

_EARLIEST_S: Final = 1e8
# The unit of a Unix time shows in its size: as long as the instant is between 1973 and 5138, no two units overlap.
_UNITS: Final = ((1e11, 1000.0), (1e14, 1.0), (1e17, 1e-3), (float("inf"), 1e-6))
"""Upper bound of the number, and milliseconds in its unit: seconds, milliseconds, microseconds, nanoseconds."""

_ZONE: Final = r"(?i:(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))"
_LONG: Final = len("2024-01-01 00:00:00")


def to_milliseconds(column: pl.Series) -> Ints:
    """Return Unix milliseconds, UTC, or UNREADABLE, from a column of times, numbers or text; without a zone it means UTC."""
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("ms"))
    if isinstance(column.dtype, pl.Datetime):
        return _filled(column.dt.epoch("ms"))
    if column.dtype.is_numeric():
        return _of_numbers(column.cast(pl.Float64))
    text = column.cast(pl.String).str.strip_chars(" \t\r\"'")
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() == text.null_count():
        return _of_numbers(numbers)
    return np.where(numbers.is_not_null().to_numpy(), _of_numbers(numbers), _of_text(text))


def _of_numbers(column: pl.Series) -> Ints:
    numbers = column.fill_null(float("nan")).to_numpy()
    in_ms = np.full(len(numbers), float("nan"))
    lower = _EARLIEST_S
    for upper, factor in _UNITS:
        inside = (numbers >= lower) & (numbers < upper)
        in_ms[inside] = numbers[inside] * factor
        lower = upper
    is_read = np.abs(in_ms) < 1e15
    rounded: Ints = np.full(len(numbers), UNREADABLE)
    rounded[is_read] = np.round(in_ms[is_read]).astype(np.int64)
    return rounded


def _of_text(text: pl.Series) -> Ints:
    found = _of_long_text(text)
    is_open = found == UNREADABLE
    if is_open.any():
        # Few files, or few rows, write times shorter than to the second, or with slashes: these take the longer way.
        found[is_open] = _of_long_text(_lengthened(text.filter(pl.Series(is_open))))
    return found


def _of_long_text(text: pl.Series) -> Ints:
    """Read `2024-01-01 00:00:00`, with a T or a space, and after it a fraction and a zone if there are any."""
    moment = pl.col("text").str.slice(0, _LONG).str.replace("T", " ", literal=True)
    rest = pl.col("text").str.slice(_LONG).str.extract_groups(rf"^(\.\d+)?\s*{_ZONE}?$")
    fraction, zone = rest.struct.field("1"), rest.struct.field("2").str.replace(":", "", literal=True)
    hours = zone.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    ahead = (hours * 60 + minutes) * pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    at_ms = (
        moment.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False).dt.epoch("ms")
        + (fraction.cast(pl.Float64).fill_null(0) * 1000).round().cast(pl.Int64)
        - ahead.fill_null(0) * 60_000
    )
    is_whole = pl.col("text").str.slice(_LONG).str.contains(rf"^(\.\d+)?\s*{_ZONE}?$")
    return _filled(pl.DataFrame({"text": text}).select(pl.when(is_whole).then(at_ms)).to_series())


def _lengthened(text: pl.Series) -> pl.Series:
    """Return the texts with hyphens in the date, and with hours, minutes and seconds."""
    parts = text.str.extract_groups(r"^(\d{4})[-/.](\d{2})[-/.](\d{2})(?:[T ](\d{2}):(\d{2})(:\d{2})?(.*))?$").struct
    date = parts.field("1") + "-" + parts.field("2") + "-" + parts.field("3")
    clock = parts.field("4").fill_null("00") + ":" + parts.field("5").fill_null("00") + parts.field("6").fill_null(":00")
    return date + " " + clock + parts.field("7").fill_null("")


def _filled(column: pl.Series) -> Ints:
    filled: Ints = column.cast(pl.Int64).fill_null(UNREADABLE).to_numpy(writable=True)
    return filled
