"""Which series are stored, and which of them is the one that is forecast."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Series
from btcforecast.store.tables import candles, forecasts, series, workers


class SeriesDirectory:
    """The stored series; reads only."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[Series]:
        """Return every series that is known, those without candles too."""
        found = await self._connection.execute(select(series.c.venue, series.c.symbol))
        return sorted(Series(row.venue, row.symbol) for row in found)

    async def main(self) -> Series | None:
        """Return the series of the newest worker heartbeat, else of the newest forecast, else the only one with candles."""
        has_candles = select(candles.c.series_id).where(candles.c.series_id == series.c.id).exists()
        names = select(series.c.venue, series.c.symbol)
        asked = (
            names.join(workers, workers.c.series_id == series.c.id).order_by(workers.c.beat_at.desc()).limit(1),
            names.join(forecasts, forecasts.c.series_id == series.c.id).order_by(forecasts.c.as_of.desc()).limit(1),
        )
        for query in asked:
            found = await self._rows(query)
            if found:
                return found[0]
        with_candles = await self._rows(names.where(has_candles))
        return with_candles[0] if len(with_candles) == 1 else None

    async def _rows(self, query: Select[Any]) -> list[Series]:
        return [Series(row.venue, row.symbol) for row in await self._connection.execute(query)]
