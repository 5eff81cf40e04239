"""Reading cycles, forecasts, targets and paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import BASE, Distribution, Horizon, Origin, Series
from btcforecast.core.errors import InputError, NotFoundError
from btcforecast.store import tables
from btcforecast.store.forecasts.entries import distributions, sealed_forecast
from btcforecast.store.forecasts.records import (
    Cycle,
    CycleStatus,
    DueTarget,
    ForecastPage,
    Outcome,
    Role,
    SealedForecast,
    SimulatedPaths,
    Target,
)

_IN_ONE_QUERY: Final = 500
"""Values in one IN list; SQLite's oldest limit on parameters is 999."""


class ForecastQueries:
    """What is stored about forecasts, as values."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def latest(self, series: Series, *, origin: Origin = Origin.LIVE, model: str | None = None) -> SealedForecast | None:
        """Return the newest forecast of the model, or of champion and fallback, the champion's first; None while there is none."""
        forecasts = tables.forecasts.c
        chosen = forecasts.role.in_((Role.CHAMPION, Role.FALLBACK)) if model is None else forecasts.model == model
        # Of one instant, the champion comes first in the ledger, too.
        query = _sealed(origin).where(*_of(series), chosen).order_by(forecasts.as_of.desc(), forecasts.ledger_seq).limit(1)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _to_sealed(row)

    async def by_id(self, forecast_id: str) -> SealedForecast:
        """Return the forecast of that id; raises NotFoundError."""
        query = _sealed(None).where(tables.forecasts.c.id == forecast_id)
        row = (await self._connection.execute(query)).first()
        if row is None:
            raise NotFoundError(f"There is no forecast “{forecast_id}”.")
        return _to_sealed(row)

    async def at(self, series: Series, as_of: int, *, origin: Origin) -> list[SealedForecast]:
        """Return the forecasts of one cycle, the champion first."""
        query = _sealed(origin).where(*_of(series), tables.forecasts.c.as_of == as_of).order_by(tables.forecasts.c.ledger_seq)
        return [_to_sealed(row) for row in await self._connection.execute(query)]

    async def page(
        self,
        *,
        origin: Origin,
        cursor: str | None = None,
        limit: int = 50,
        symbol: str | None = None,
        venue: str | None = None,
        model: str | None = None,
        role: Role | None = None,
        since: int | None = None,
        before: int | None = None,
        is_settled: bool | None = None,
    ) -> ForecastPage:
        """Return forecasts newest first, after the cursor that the page before ended with.

        since, before: only those with `as_of` in [since, before). is_settled: only those with a settled target, or with none.
        """
        wanted = {
            tables.series.c.symbol: symbol,
            tables.series.c.venue: venue,
            tables.forecasts.c.model: model,
            tables.forecasts.c.role: None if role is None else str(role),
        }
        query = _sealed(origin).where(*(column == value for column, value in wanted.items() if value is not None))
        if since is not None:
            query = query.where(tables.forecasts.c.as_of >= since)
        if before is not None:
            query = query.where(tables.forecasts.c.as_of < before)
        if is_settled is not None:
            settled = (
                select(tables.targets.c.forecast_id)
                .where(tables.targets.c.forecast_id == tables.forecasts.c.id, tables.targets.c.settled_at.is_not(None))
                .exists()
            )
            query = query.where(settled if is_settled else ~settled)
        if cursor is not None:
            as_of, forecast_id = _parse_cursor(cursor)
            query = query.where(
                or_(
                    tables.forecasts.c.as_of < as_of,
                    and_(tables.forecasts.c.as_of == as_of, tables.forecasts.c.id < forecast_id),
                )
            )
        query = query.order_by(tables.forecasts.c.as_of.desc(), tables.forecasts.c.id.desc()).limit(limit + 1)
        found = [_to_sealed(row) for row in await self._connection.execute(query)]
        shown = found[:limit]
        more = f"{shown[-1].forecast.as_of}_{shown[-1].forecast.id}" if len(found) > limit else None
        return ForecastPage(tuple(shown), more)

    async def targets_of(self, forecast_id: str) -> tuple[Target, ...]:
        """Return the forecast's targets, nearest first."""
        return (await self.targets_of_many([forecast_id]))[forecast_id]

    async def targets_of_many(self, forecast_ids: Sequence[str]) -> dict[str, tuple[Target, ...]]:
        """Return the targets of each forecast, nearest first."""
        found: dict[str, list[Target]] = {forecast_id: [] for forecast_id in forecast_ids}
        for first in range(0, len(forecast_ids), _IN_ONE_QUERY):
            some = forecast_ids[first : first + _IN_ONE_QUERY]
            query = select(tables.targets).where(tables.targets.c.forecast_id.in_(some)).order_by(tables.targets.c.horizon_s)
            for row in await self._connection.execute(query):
                found[row.forecast_id].append(_to_target(row))
        return {forecast_id: tuple(targets) for forecast_id, targets in found.items()}

    async def cycle(self, series: Series, as_of: int, *, origin: Origin) -> Cycle | None:
        """Return the cycle at that instant, or None when nothing is recorded."""
        found = await self.cycles(series, origin=origin, since=as_of, before=as_of + 1)
        return found[0] if found else None

    async def cycles(
        self, series: Series, *, origin: Origin, since: int | None = None, before: int | None = None, limit: int | None = None
    ) -> list[Cycle]:
        """Return the cycles with `as_of` in [since, before), newest first."""
        at = tables.cycles.c.as_of
        query = (
            select(tables.cycles, tables.series.c.venue, tables.series.c.symbol)
            .join(tables.series, tables.series.c.id == tables.cycles.c.series_id)
            .where(tables.cycles.c.origin == str(origin), *_of(series))
            .where(*([] if since is None else [at >= since]), *([] if before is None else [at < before]))
            .order_by(at.desc())
            .limit(limit)
        )
        return [_to_cycle(row) for row in await self._connection.execute(query)]

    async def first_scheduled(self, series: Series, *, origin: Origin) -> int | None:
        """Return the instant of the first scheduled cycle: from there on every instant of the schedule is accounted for."""
        query = (
            select(tables.cycles.c.as_of)
            .join(tables.series, tables.series.c.id == tables.cycles.c.series_id)
            .where(tables.cycles.c.origin == str(origin), tables.cycles.c.is_scheduled, *_of(series))
            .order_by(tables.cycles.c.as_of)
            .limit(1)
        )
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def paths_of(self, forecast_id: str) -> SimulatedPaths | None:
        """Return the forecast's paths, or None when they are no longer kept and must be computed again."""
        query = select(tables.forecast_paths).where(tables.forecast_paths.c.forecast_id == forecast_id)
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        returns = np.frombuffer(row.returns, "<f4").reshape(row.n_paths, row.n_steps + 1)
        return SimulatedPaths(row.forecast_id, returns, row.parquet, row.created_at)

    async def laws(self, due: Sequence[DueTarget], *, origin: Origin) -> dict[tuple[str, Horizon], Distribution]:
        """Return the distribution that each target's ledger entry has for its horizon, by forecast id and horizon."""
        wanted: dict[int, list[DueTarget]] = {}
        for target in due:
            wanted.setdefault(target.forecast_seq, []).append(target)
        numbers = sorted(wanted)
        found: dict[tuple[str, Horizon], Distribution] = {}
        entries = tables.ledger_entries.c
        for first in range(0, len(numbers), _IN_ONE_QUERY):
            some = numbers[first : first + _IN_ONE_QUERY]
            query = select(entries.seq, entries.body).where(entries.ledger == str(origin), entries.seq.in_(some))
            for row in await self._connection.execute(query):
                horizons = [target.horizon for target in wanted[row.seq]]
                laws = distributions(row.body, horizons)
                found.update({(wanted[row.seq][0].forecast_id, horizon): laws[horizon] for horizon in horizons})
        return found

    async def outcomes(self, series_id: int, target_ats: Sequence[int]) -> dict[int, Outcome]:
        """Return the close, as it stands now, on which each target settles; targets without a candle are left out."""
        lender = tables.series.alias("lender")
        found: dict[int, Outcome] = {}
        for first in range(0, len(target_ats), _IN_ONE_QUERY):
            opened = [at - BASE.seconds for at in target_ats[first : first + _IN_ONE_QUERY]]
            query = (
                select(
                    tables.candles.c.opened_at,
                    tables.candles.c.close,
                    tables.candles.c.recorded_at,
                    lender.c.venue.label("lender"),
                )
                .select_from(tables.candles.outerjoin(lender, lender.c.id == tables.candles.c.borrowed_from))
                .where(tables.candles.c.series_id == series_id, tables.candles.c.opened_at.in_(opened))
            )
            for row in await self._connection.execute(query):
                found[row.opened_at + BASE.seconds] = Outcome(row.close, row.lender, row.recorded_at)
        return found

    async def reached(self, due: Sequence[DueTarget]) -> dict[int, int]:
        """Return where the candles of each target's series end, by series id."""
        found: dict[int, int] = {}
        for series_id in {target.series_id for target in due}:
            query = select(func.max(tables.candles.c.opened_at)).where(tables.candles.c.series_id == series_id)
            newest = (await self._connection.execute(query)).scalar_one()
            found[series_id] = 0 if newest is None else int(newest) + BASE.seconds
        return found


def _of(series: Series) -> tuple[Any, Any]:
    return (tables.series.c.venue == series.venue, tables.series.c.symbol == series.symbol)


def _sealed(origin: Origin | None) -> Select[Any]:
    entries = tables.ledger_entries
    query = (
        select(tables.forecasts.c.origin, tables.forecasts.c.ledger_seq, entries.c.body, entries.c.entry_hash)
        .join(tables.series, tables.series.c.id == tables.forecasts.c.series_id)
        .join(
            entries,
            and_(entries.c.ledger == tables.forecasts.c.origin, entries.c.seq == tables.forecasts.c.ledger_seq),
        )
    )
    return query if origin is None else query.where(tables.forecasts.c.origin == str(origin))


def _to_sealed(row: Row[Any]) -> SealedForecast:
    return sealed_forecast(row.body, origin=Origin(row.origin), ledger_seq=row.ledger_seq, entry_hash=bytes(row.entry_hash))


def _to_cycle(row: Row[Any]) -> Cycle:
    return Cycle(
        origin=Origin(row.origin),
        series=Series(row.venue, row.symbol),
        as_of=row.as_of,
        status=CycleStatus(row.status),
        is_scheduled=row.is_scheduled,
        recorded_at=row.recorded_at,
        reason=row.reason,
        ledger_seq=row.ledger_seq,
        served_model=row.served_model,
    )


def _to_target(row: Row[Any]) -> Target:
    widths = {percent: getattr(row, f"interval_score_{percent}_bps") for percent in (50, 80, 90, 95)}
    return Target(
        forecast_id=row.forecast_id,
        horizon=Horizon(row.horizon_s),
        target_at=row.target_at,
        settled_at=row.settled_at,
        ledger_seq=row.ledger_seq,
        close=row.close,
        log_return=row.log_return,
        crps_bps=row.crps_bps,
        log_score=row.log_score,
        pit=row.pit,
        interval_score_bps=None if row.crps_bps is None else widths,
        void_reason=row.void_reason,
    )


def _parse_cursor(cursor: str) -> tuple[int, str]:
    as_of, _, forecast_id = cursor.partition("_")
    if not as_of.isdecimal() or len(as_of) > 12 or not forecast_id:
        raise InputError(f"“{cursor[:64]}” is not a cursor; use the next_cursor of the page before.")
    return int(as_of), forecast_id
