"""How the market reacts to scheduled events: the first five minutes after each, over the hour before.

Usage: event_reaction.py CANDLES [CALENDAR]; the calendar is us_events.csv by default. A date that is wrong by a day, or a time that is
wrong by an hour, shows as a ratio near 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from btcforecast.core import Calendar, Floats, Ints, SystemClock, to_rfc3339
from btcforecast.market.files import read_candles
from btcforecast.market.files.calendar import read_calendar

HOUR, SHIFTS = 12, (-288, -12, -1, 0, 1, 2, 6, 12, 288)
"""Candles before an event that it is compared with; and by how many candles the events are shifted to see whether they are where they
should be."""


def reactions(calendar: Calendar, opened_at: Ints, size: Floats, *, shift: int = 0) -> tuple[Floats, Floats]:
    """Return the absolute return of the candle that opens at each event, and the mean of the hour before, for whole hours only."""
    rows = np.searchsorted(opened_at, [event.at for event in calendar.events])
    rows = rows[(rows > 300) & (rows + 300 < len(opened_at))]
    hours = size[rows[:, None] + np.arange(-HOUR, 0)].mean(axis=1)
    first = size[rows + shift]
    is_whole = np.isfinite(hours) & np.isfinite(first)
    return first[is_whole], hours[is_whole]


def main() -> None:
    """Print the table."""
    here = Path(__file__).parent
    candles = read_candles(Path(sys.argv[1]))
    calendar = read_calendar(Path(sys.argv[2]) if len(sys.argv) > 2 else here / "us_events.csv", now=SystemClock().now())
    opened_at = candles.opened_at
    size = np.full(len(candles), np.nan)
    size[1:] = np.where(np.diff(opened_at) == 300, np.abs(np.diff(np.log(candles.close))), np.nan)
    print(f"{len(calendar)} events, candles to {to_rfc3339(candles.as_of)}\n")
    print("| kind | years | events | mean first 5 min / mean hour before | median ratio |\n|---|---|---|---|---|")
    for kind in calendar.kinds:
        of_kind = Calendar(tuple(event for event in calendar.events if event.kind == kind))
        for first_year, last_year in ((2018, 2025), (2018, 2020), (2021, 2023), (2024, 2025)):
            begin, end = (int(np.datetime64(f"{year}-01-01", "s").astype(np.int64)) for year in (first_year, last_year + 1))
            first, hours = reactions(of_kind.between(begin, end), opened_at, size)
            row = f"| {kind} | {first_year}-{last_year} | {len(first)} |"
            print(f"{row} {first.mean() / hours.mean():.2f} | {np.median(first / hours):.2f} |")
    print("\n| kind | " + " | ".join(f"{5 * shift:+d} min" for shift in SHIFTS) + " |\n" + "|---" * (len(SHIFTS) + 1) + "|")
    for kind in calendar.kinds:
        of_kind = Calendar(tuple(event for event in calendar.events if event.kind == kind))
        pairs = [reactions(of_kind, opened_at, size, shift=shift) for shift in SHIFTS]
        print(f"| {kind} | " + " | ".join(f"{first.mean() / hours.mean():.2f}" for first, hours in pairs) + " |")


if __name__ == "__main__":
    main()
