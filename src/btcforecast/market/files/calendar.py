"""Calendar files: scheduled events as CSV, read whole or not at all, with every bad line named.

One event a line under the header `kind,at,announced_at`. Unlike a candle, a single wrong event spoils what it is for: it would make
the market look lively at a minute when nothing happens. So nothing is guessed and nothing is left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from btcforecast.core import Calendar, ScheduledEvent, counted, to_rfc3339
from btcforecast.core.calendar import ALWAYS_KNOWN
from btcforecast.core.errors import InputError

_COLUMNS: Final = ("kind", "at", "announced_at")
_NEEDED: Final = ("kind", "at")
_LARGEST_FILE: Final = 1024 * 1024
_FIRST: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
_YEARS_AHEAD: Final = 5
"""Central banks and statistical offices announce one or two years at a time; what is further away is a slip of the pen."""
_YEAR_S: Final = 366 * 86400
_N_SHOWN: Final = 20
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.0+)?)?([Zz]|[+-]\d{2}:\d{2})?)?", re.ASCII)
_LARGEST_OFFSET_H: Final = 14


def read_calendar(path: Path, *, now: int) -> Calendar:
    """Return the events of a CSV file. now: events more than five years after it are refused.

    InputError names the lines that are wrong; the file is taken whole or not at all.
    """
    rows = _rows(path, _text(path))
    events: dict[tuple[str, int], tuple[int, ScheduledEvent]] = {}
    faults: list[str] = []
    for line, fields in rows:
        try:
            event = _event(fields, now=now)
        except InputError as e:
            faults.append(f"line {line:,}: {e}")
            continue
        first, _ = events.setdefault((event.kind, event.at), (line, event))
        if first != line:
            faults.append(f"line {line:,}: {event.kind} at {to_rfc3339(event.at)} stands in line {first:,} already.")
    if faults:
        more = f"\n… and {counted(len(faults) - _N_SHOWN, 'more line')}." if len(faults) > _N_SHOWN else ""
        raise InputError(f"{path} is no calendar, so nothing of it was taken:\n" + "\n".join(faults[:_N_SHOWN]) + more)
    if not events:
        raise InputError(f"{path} has a header and no events.")
    return Calendar.of(event for _, event in events.values())


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError as e:
        raise InputError(f"There is no file {path}.") from e
    except IsADirectoryError as e:
        raise InputError(f"{path} is a folder; give a CSV file of scheduled events.") from e
    except OSError as e:
        raise InputError(f"{path} cannot be read: {e.strerror}.") from e
    if len(content) > _LARGEST_FILE:
        raise InputError(f"{path} is larger than {_LARGEST_FILE // 1024:,} KiB, so it is no calendar.")
    if b"\0" in content:
        raise InputError(f"{path} holds bytes that no CSV file has; give a CSV file of scheduled events.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise InputError(f"{path} is not text in UTF-8; save it as CSV in UTF-8.") from e


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row's line and its fields by column; a row with too few or too many fields has none."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(path, header)
        for fields in reader:
            if any(field.strip() for field in fields):
                plain = [field.strip() for field in fields]
                yield reader.line_num, dict(zip(header, plain, strict=True)) if len(plain) == len(header) else {}
    except csv.Error as e:
        raise InputError(f"{path} is no CSV file: line {reader.line_num:,}: {e}.") from e


def _check_header(path: Path, header: list[str]) -> None:
    if not header:
        raise InputError(f"{path} is empty.")
    expected = f"expected are {', '.join(_NEEDED)} and, if some dates became known late, {_COLUMNS[-1]}"
    unknown = [name for name in header if name not in _COLUMNS]
    if unknown:
        raise InputError(f"{path} has the unknown column “{unknown[0][:80]}”; {expected}.")
    missing = [name for name in _NEEDED if name not in header]
    if missing or len(set(header)) != len(header):
        what = f"no column {missing[0]}" if missing else "one column twice"
        raise InputError(f"{path} has {what}; {expected}.")


def _event(fields: dict[str, str], *, now: int) -> ScheduledEvent:
    if not fields:
        raise InputError("it has another number of fields than the header.")
    at = _instant(fields["at"], "at")
    if not _FIRST <= at <= now + _YEARS_AHEAD * _YEAR_S:
        raise InputError(f"{to_rfc3339(at)} lies before 2000 or more than {_YEARS_AHEAD} years ahead.")
    announced = fields.get("announced_at", "")
    return ScheduledEvent(at, fields["kind"], _instant(announced, "announced_at") if announced else ALWAYS_KNOWN)


def _instant(text: str, column: str) -> int:
    """Return Unix seconds of an RFC 3339 instant, whose offset from UTC must be there: a forgotten one is an hour or five wrong."""
    shape = _INSTANT.fullmatch(text)
    if shape is None:
        raise InputError(f"{column} “{text[:80]}” is not an instant; write it like 2026-01-28T14:00:00-05:00.")
    if shape[1] is None or shape[4] is None:
        lacks = "time of day" if shape[1] is None else "offset from UTC"
        raise InputError(f"{column} “{text}” has no {lacks}; write it like 2026-01-28T14:00:00-05:00 or 2026-01-28T19:00:00Z.")
    try:
        moment = datetime.fromisoformat(text.upper())
        offset = moment.utcoffset()
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError) as e:
        raise InputError(f"{column} “{text}” does not exist: there is no such day, hour or minute.") from e
    if offset is None or abs(offset.total_seconds()) > _LARGEST_OFFSET_H * 3600:
        raise InputError(f"{column} “{text}” is further from UTC than any place on Earth.")
    if seconds < 0:
        raise InputError(f"{column} “{text}” lies before 1970.")
    return seconds
