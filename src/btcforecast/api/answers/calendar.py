"""The calendar of scheduled events as it is shown."""

from __future__ import annotations

from btcforecast.api.schemas.calendar import CalendarAnswer, CalendarEvent
from btcforecast.api.service import Service
from btcforecast.api.text import ParameterError
from btcforecast.core import Calendar, to_rfc3339
from btcforecast.store.calendar import CalendarStore


async def calendar(service: Service, *, begin: int | None, end: int | None, kind: str | None, limit: int) -> CalendarAnswer:
    """Return the events in [begin, end), the earliest `limit` of them; those at one instant stay together."""
    if begin is not None and end is not None and begin >= end:
        raise ParameterError("from", "The span is empty: “from” must be before “to”.")
    async with service.database.read() as connection:
        store = CalendarStore(connection)
        whole, changed_at = await store.read(), await store.changed_at()
    now = service.clock.now()
    ahead = [event.at for event in whole.events if event.at > now]
    chosen, next_from = _page(whole, begin=begin, end=end, kind=kind, limit=limit)
    return CalendarAnswer(
        events=[
            CalendarEvent(
                kind=event.kind,
                at=to_rfc3339(event.at),
                announced_at=_shown(event.announced_at or None),
                is_ahead=event.at > now,
            )
            for event in chosen.events
        ],
        next_from=_shown(next_from),
        kinds=list(whole.kinds),
        n_events=len(whole),
        n_ahead=len(ahead),
        next_at=_shown(min(ahead, default=None)),
        last_at=_shown(whole.events[-1].at if len(whole) else None),
        changed_at=_shown(changed_at),
        has_run_out=len(whole) > 0 and not ahead,
    )


def _page(whole: Calendar, *, begin: int | None, end: int | None, kind: str | None, limit: int) -> tuple[Calendar, int | None]:
    """Return the events asked for, and the instant of the first one that is left for the next page."""
    found = [
        event
        for event in whole.events
        if (begin is None or begin <= event.at) and (end is None or event.at < end) and kind in (None, event.kind)
    ]
    # A page goes on from an instant, so it may not end between two events of the same one.
    shown = [event for event in found if event.at <= found[min(limit, len(found)) - 1].at]
    return Calendar(tuple(shown)), found[len(shown)].at if len(shown) < len(found) else None


def _shown(at: int | None) -> str | None:
    return None if at is None else to_rfc3339(at)
