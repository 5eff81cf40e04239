"""The calendar of scheduled events: what models are told of it, and how it changes, on the live ledger's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from btcforecast.core import Calendar, Clock, Origin, to_rfc3339
from btcforecast.forecasts.ledger import Ledger
from btcforecast.store.calendar import CalendarChange, CalendarStore
from btcforecast.store.database import Database
from btcforecast.store.ledger import LedgerStore

log = structlog.get_logger()


async def known_calendar(database: Database, *, known_at: int | None) -> Calendar:
    """Return the calendar as the store held it at that instant, or as it stands.

    What a model is told at `as_of` is the part of it that was public by then: `calendar.known_at(as_of)`.
    """
    async with database.read() as connection:
        return await CalendarStore(connection).read(known_at=known_at)


def digest_of(told: Calendar) -> str | None:
    """Return the digest of what a model was told, or None where there was nothing to tell."""
    return told.digest() if len(told) else None


async def replace_calendar(database: Database, calendar: Calendar, *, clock: Clock) -> CalendarChange:
    """Make the calendar exactly this one; when it is, which the worker finds every five minutes, nothing is written or locked."""
    if await known_calendar(database, known_at=None) == calendar:
        return CalendarChange(0, 0, len(calendar))
    return await _change(database, lambda store, at: store.replace(calendar, at=at), clock=clock)


async def merge_calendar(database: Database, calendar: Calendar, *, clock: Clock) -> CalendarChange:
    """Add these events to the calendar."""
    return await _change(database, lambda store, at: store.merge(calendar, at=at), clock=clock)


async def withdraw_events(database: Database, calendar: Calendar, *, clock: Clock) -> CalendarChange:
    """Take these events out of the calendar."""
    return await _change(database, lambda store, at: store.withdraw(calendar.events, at=at), clock=clock)


async def _change(
    database: Database, change: Callable[[CalendarStore, int], Awaitable[CalendarChange]], *, clock: Clock
) -> CalendarChange:
    """Change the calendar and put how it stands then on the live ledger, in one transaction; no change leaves no entry."""
    async with database.transaction() as connection:
        # Whoever changes the calendar waits here for the one before, and only then looks at the clock.
        await LedgerStore(connection, Origin.LIVE.value).lock()
        at = clock.now()
        store = CalendarStore(connection)
        changed = await change(store, at)
        if changed:
            await Ledger(connection, Origin.LIVE).append("calendar", entry_body(await store.read(), changed), at=at)
    if changed:
        log.info("calendar.changed", n_added=changed.n_added, n_withdrawn=changed.n_withdrawn)
    return changed


def entry_body(calendar: Calendar, changed: CalendarChange) -> dict[str, Any]:
    """Return the body of a `calendar` entry: how the calendar stands, and what brought it there."""
    events = calendar.events
    return {
        "n_added": changed.n_added,
        "n_withdrawn": changed.n_withdrawn,
        "n_events": len(events),
        "n_events_by_kind": dict(sorted(Counter(event.kind for event in events).items())),
        "first_at": to_rfc3339(events[0].at) if events else None,
        "last_at": to_rfc3339(events[-1].at) if events else None,
        "calendar_digest": calendar.digest(),
    }
