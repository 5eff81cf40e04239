"""Heartbeats: which workers are alive."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Series
from btcforecast.store.tables import series, workers


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a worker last said of itself."""

    name: str
    version: str
    series: Series | None
    activity: str
    started_at: int
    beat_at: int


class Heartbeats:
    """The table of workers."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def beat(self, name: str, *, version: str, series_id: int | None, activity: str, started_at: int, at: int) -> None:
        """Record that the worker is alive at `at` and what it is doing."""
        insert = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        now = {"version": version, "series_id": series_id, "activity": activity, "started_at": started_at, "beat_at": at}
        statement = insert(workers).values(name=name, **now)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=now))

    async def all(self) -> list[Heartbeat]:
        """Return the last word of every worker, the newest first."""
        query = (
            select(workers, series.c.venue, series.c.symbol)
            .select_from(workers.outerjoin(series, workers.c.series_id == series.c.id))
            .order_by(workers.c.beat_at.desc())
        )
        return [
            Heartbeat(
                name=row.name,
                version=row.version,
                series=Series(row.venue, row.symbol) if row.venue else None,
                activity=row.activity,
                started_at=row.started_at,
                beat_at=row.beat_at,
            )
            for row in await self._connection.execute(query)
        ]
