"""Reading what figures are computed from: settled targets of scheduled cycles, as columns."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Origin, Series
from btcforecast.store import tables
from btcforecast.store.forecasts.records import CycleStatus, Role, SettledColumns

_ROWS_AT_ONCE: Final = 20_000


class TrackRecordStore:
    """Settled targets as columns, and counts of cycles; reads only."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def settled(self, series: Series, *, origin: Origin) -> SettledColumns:
        """Return every settled, non-void target of scheduled cycles, ordered by `as_of`."""
        forecasts, targets, cycles = tables.forecasts.c, tables.targets.c, tables.cycles.c
        series_id = await self._series_id(series)
        query = (
            select(forecasts.model, targets.horizon_s, forecasts.as_of, targets.target_at, targets.crps_bps, targets.pit)
            .join(tables.targets, targets.forecast_id == forecasts.id)
            .join(
                tables.cycles,
                (cycles.origin == forecasts.origin)
                & (cycles.series_id == forecasts.series_id)
                & (cycles.as_of == forecasts.as_of),
            )
            .where(
                forecasts.origin == str(origin),
                forecasts.series_id == series_id,
                cycles.is_scheduled,
                targets.crps_bps.is_not(None),
            )
            .order_by(forecasts.as_of)
        )
        parts: list[Any] = []
        result = await self._connection.stream(query, execution_options={"yield_per": _ROWS_AT_ONCE})
        async for rows in result.partitions():
            parts.extend(tuple(row) for row in rows)
        names, horizons, as_of, target_at, crps, pit = zip(*parts, strict=True) if parts else ((),) * 6
        models = tuple(sorted(set(names)))
        place = {name: i for i, name in enumerate(models)}
        return SettledColumns(
            models=models,
            roles=await self._roles(series_id, origin),
            model=np.array([place[name] for name in names], np.int64),
            horizon_s=np.array(horizons, np.int64),
            as_of=np.array(as_of, np.int64),
            target_at=np.array(target_at, np.int64),
            crps_bps=np.array(crps, np.float64),
            pit=np.array(pit, np.float64),
        )

    async def n_cycles(self, series: Series, *, origin: Origin) -> dict[CycleStatus, int]:
        """Return how many scheduled cycles were issued and how many missed."""
        query = (
            select(tables.cycles.c.status, func.count())
            .where(
                tables.cycles.c.origin == str(origin),
                tables.cycles.c.series_id == await self._series_id(series),
                tables.cycles.c.is_scheduled,
            )
            .group_by(tables.cycles.c.status)
        )
        found = {CycleStatus(status): n for status, n in await self._connection.execute(query)}
        return {status: found.get(status, 0) for status in CycleStatus}

    async def roles(self, series: Series, *, origin: Origin) -> dict[str, Role]:
        """Return every model that has made forecasts, with the role that it had last."""
        return await self._roles(await self._series_id(series), origin)

    async def _roles(self, series_id: int, origin: Origin) -> dict[str, Role]:
        # A model that changed its role is shown in the one that it had last.
        newest = (
            select(tables.forecasts.c.model, func.max(tables.forecasts.c.as_of).label("as_of"))
            .where(tables.forecasts.c.origin == str(origin), tables.forecasts.c.series_id == series_id)
            .group_by(tables.forecasts.c.model)
            .subquery()
        )
        query = select(tables.forecasts.c.model, tables.forecasts.c.role).join(
            newest, (tables.forecasts.c.model == newest.c.model) & (tables.forecasts.c.as_of == newest.c.as_of)
        )
        mine = query.where(tables.forecasts.c.origin == str(origin), tables.forecasts.c.series_id == series_id)
        return {model: Role(role) for model, role in await self._connection.execute(mine)}

    async def _series_id(self, series: Series) -> int:
        query = select(tables.series.c.id).where(tables.series.c.venue == series.venue, tables.series.c.symbol == series.symbol)
        return (await self._connection.execute(query)).scalar_one_or_none() or -1
