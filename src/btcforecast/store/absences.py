"""Spans for which a venue was asked and had nothing: its outages, so that they are not asked for for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import candle_absences


@dataclass(frozen=True, slots=True)
class Absence:
    """The venue had no own candle opened in [opened_from, opened_before), each of `n_tries` times, last at `tried_at`."""

    opened_from: int
    opened_before: int
    n_tries: int
    tried_at: int


class Absences:
    """What one series' venue is known not to have."""

    def __init__(self, connection: AsyncConnection, series_id: int) -> None:
        self._connection: Final = connection
        self._series_id: Final = series_id

    async def all(self) -> list[Absence]:
        """Return the absences, oldest first."""
        table = candle_absences
        query = (
            select(table.c.opened_from, table.c.opened_before, table.c.n_tries, table.c.tried_at)
            .where(table.c.series_id == self._series_id)
            .order_by(table.c.opened_from)
        )
        return [Absence(*row) for row in await self._connection.execute(query)]

    async def add(self, *, opened_from: int, opened_before: int, at: int) -> None:
        """Count one more try that brought nothing; a span that begins there but ends elsewhere starts anew."""
        table = candle_absences
        insert = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        statement = insert(table).values(
            series_id=self._series_id, opened_from=opened_from, opened_before=opened_before, n_tries=1, tried_at=at
        )
        known = await self._connection.execute(
            select(table.c.opened_before).where(table.c.series_id == self._series_id, table.c.opened_from == opened_from)
        )
        is_same = known.scalar_one_or_none() == opened_before
        changes = {"opened_before": opened_before, "n_tries": table.c.n_tries + 1 if is_same else 1, "tried_at": at}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["series_id", "opened_from"], set_=changes))

    async def forget(self, *, opened_from: int, opened_before: int) -> None:
        """Drop what is known of a span, because candles came after all."""
        table = candle_absences
        await self._connection.execute(
            delete(table).where(
                table.c.series_id == self._series_id,
                table.c.opened_from < opened_before,
                table.c.opened_before > opened_from,
            )
        )
