"""CALENDAR_FILE: the operator's file, read again whenever it may have changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from btcforecast.core import Clock, counted
from btcforecast.core.errors import InputError
from btcforecast.forecasts.calendar import replace_calendar
from btcforecast.market.files.calendar import read_calendar
from btcforecast.store.calendar import CalendarChange, CalendarFile, CalendarStore
from btcforecast.store.database import Database
from btcforecast.telemetry import metrics

log = structlog.get_logger()


async def refresh_calendar(database: Database, path: Path, *, clock: Clock) -> CalendarChange:
    """Make the calendar what the file says.

    A file that cannot be used keeps the calendar as it is: why is recorded for health, logged once, and raised as InputError.
    """
    try:
        calendar = await asyncio.to_thread(read_calendar, path, now=clock.now())
        changed = await replace_calendar(database, calendar, clock=clock)
    except InputError as e:
        if await _say_file(database, path, str(e), clock=clock):
            metrics.calendar_refusals.inc()
            log.warning("calendar.refused", path=str(path), reason=str(e))
        raise
    await _say_file(database, path, None, clock=clock)
    return changed


async def keep_calendar(database: Database, path: Path | None, *, clock: Clock) -> str:
    """Bring the calendar up to its file, where there is one, show in metrics how far it reaches, and return a sentence for the log."""
    told = "there is no CALENDAR_FILE."
    if path is None:
        await _say_file(database, None, None, clock=clock)
    else:
        try:
            changed = await refresh_calendar(database, path, clock=clock)
            told = f"{counted(changed.n_added, 'event')} added, {counted(changed.n_withdrawn, 'event')} withdrawn."
        except InputError as e:
            told = f"the calendar stays as it was. {e}"
    async with database.read() as connection:
        store = CalendarStore(connection)
        calendar, changed_at = await store.read(), await store.changed_at()
    now = clock.now()
    metrics.calendar_events_ahead.set(sum(event.at > now for event in calendar.events))
    if changed_at is not None:
        metrics.calendar_age.set(now - changed_at)
    return told


async def _say_file(database: Database, path: Path | None, fault: str | None, *, clock: Clock) -> bool:
    """Record how the file is where that is news, and say whether it is."""
    async with database.read() as connection:
        before = await CalendarStore(connection).file()
    if (before and (before.path, before.fault)) == (path and (str(path), fault)):
        return False
    async with database.transaction() as connection:
        await CalendarStore(connection).say_file(None if path is None else CalendarFile(str(path), fault, clock.now()))
    return True
