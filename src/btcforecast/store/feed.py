"""The feed from the worker to the web processes: events that streams resume from, and the newest prices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Series
from btcforecast.core.errors import InputError
from btcforecast.store.candles import CandleStore
from btcforecast.store.tables import events, live_prices
from btcforecast.store.tables import series as series_table

KINDS: Final = ("forecast", "settlement", "missed_cycle", "market", "gate", "reign")
_LOCK: Final = 7091822106
"""PostgreSQL's advisory lock of whoever appends events, held until the transaction ends."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `id` grows, so that a reader goes on where it stopped."""

    id: int
    kind: str
    body: Mapping[str, Any]
    created_at: int


@dataclass(frozen=True, slots=True)
class LivePrice:
    """The newest trade of a series. via: websocket, poll, candle or simulated."""

    series: Series
    price: float
    traded_at_ms: int
    via: str


class Feed:
    """Events and prices on the caller's connection; it never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection: Final = connection
        self._is_sqlite: Final = connection.dialect.name == "sqlite"

    async def append_event(self, kind: str, body: Mapping[str, Any], *, at: int) -> int:
        """Add an event, seen by readers when the transaction commits; return its id."""
        if kind not in KINDS:
            raise InputError(f"“{kind}” is not a kind of event; use {', '.join(KINDS)}.")
        if not self._is_sqlite:
            # Ids are drawn before transactions commit. Without waiting in turn, a lower id could become visible after a higher
            # one, and a reader that had seen the higher one would never see it.
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        values = {"kind": kind, "body": json.dumps(body, allow_nan=False), "created_at": at}
        added = await self._connection.execute(insert(events).values(**values).returning(events.c.id))
        return int(added.scalar_one())

    async def events_after(self, event_id: int, *, limit: int = 500) -> list[Event]:
        """Return the events after that id, oldest first."""
        query = select(events).where(events.c.id > event_id).order_by(events.c.id).limit(limit)
        found = await self._connection.execute(query)
        return [Event(row.id, row.kind, json.loads(row.body), row.created_at) for row in found]

    async def first_event_id(self) -> int:
        """Return the id of the oldest event that is still kept, or 0 where there is none."""
        return int(await self._connection.scalar(select(func.min(events.c.id))) or 0)

    async def last_event_id(self) -> int:
        """Return the id of the newest event, or 0 where there is none."""
        return int(await self._connection.scalar(select(func.max(events.c.id))) or 0)

    async def drop_events(self, *, created_before: int) -> int:
        """Forget old events, always keeping the newest so that the last id stays known; return how many went."""
        newest = select(func.max(events.c.id)).scalar_subquery()
        old = delete(events).where(events.c.created_at < created_before, events.c.id < newest)
        return (await self._connection.execute(old)).rowcount

    async def set_price(self, series: Series, price: float, *, traded_at_ms: int, via: str) -> None:
        """Make this the newest price of the series; an older trade than the stored one changes nothing."""
        series_id = await CandleStore(self._connection).series_id(series)
        upsert = sqlite_insert if self._is_sqlite else postgresql_insert
        newest = {"price": price, "traded_at_ms": traded_at_ms, "via": via}
        statement = upsert(live_prices).values(series_id=series_id, **newest)
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["series_id"], set_=newest, where=live_prices.c.traded_at_ms <= traded_at_ms
            ),
        )

    async def prices(self) -> list[LivePrice]:
        """Return the newest price of every series that has one."""
        query = (
            select(live_prices, series_table.c.venue, series_table.c.symbol)
            .join(series_table, series_table.c.id == live_prices.c.series_id)
            .order_by(series_table.c.venue, series_table.c.symbol)
        )
        found = await self._connection.execute(query)
        return [LivePrice(Series(row.venue, row.symbol), row.price, row.traded_at_ms, row.via) for row in found]
