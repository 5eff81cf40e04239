"""Recording cycles, forecasts and their settlement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import BASE, HORIZONS, Forecast, Horizon, Origin, Series
from btcforecast.store import tables
from btcforecast.store.forecasts.records import Cycle, DueTarget, Result, Role, SimulatedPaths

_VOID_LOOKBACK_S: Final = 90 * 86400
"""How long a void target still becomes settled when its candle turns up after all."""


class ForecastWrites:
    """The changes that issuing and settling make; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim_cycle(self, cycle: Cycle, *, series_id: int) -> bool:
        """Record the cycle unless it is recorded already; say whether this call did it.

        Of two transactions that claim the same cycle, the second waits for the first and then gets False.
        """
        insert = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        statement = (
            insert(tables.cycles)
            .values(
                origin=str(cycle.origin),
                series_id=series_id,
                as_of=cycle.as_of,
                status=str(cycle.status),
                is_scheduled=cycle.is_scheduled,
                reason=cycle.reason,
                ledger_seq=cycle.ledger_seq,
                recorded_at=cycle.recorded_at,
            )
            .on_conflict_do_nothing()
            .returning(tables.cycles.c.as_of)
        )
        return (await self._connection.execute(statement)).first() is not None

    async def set_cycle_entry(self, cycle: Cycle, *, series_id: int, ledger_seq: int) -> None:
        """Say which ledger entry records a missed cycle."""
        columns = tables.cycles.c
        where = (columns.origin == str(cycle.origin), columns.series_id == series_id, columns.as_of == cycle.as_of)
        await self._connection.execute(update(tables.cycles).where(*where).values(ledger_seq=ledger_seq))

    async def add_forecasts(self, sealed: Sequence[tuple[Forecast, Role, int]], *, series_id: int, sealed_at: int) -> None:
        """Record forecasts, each with its role and the number of its ledger entry, and one open target per horizon."""
        rows = [
            {
                "id": forecast.id,
                "origin": str(forecast.origin),
                "series_id": series_id,
                "as_of": forecast.as_of,
                "model": forecast.model,
                "model_version": forecast.model_version,
                "role": str(role),
                "spot": forecast.spot,
                "sealed_at": sealed_at,
                "ledger_seq": seq,
            }
            for forecast, role, seq in sealed
        ]
        await self._connection.execute(tables.forecasts.insert(), rows)
        targets = [
            {"forecast_id": forecast.id, "horizon_s": horizon.seconds, "target_at": forecast.as_of + horizon.seconds}
            for forecast, _, _ in sealed
            for horizon in forecast.distributions
        ]
        await self._connection.execute(tables.targets.insert(), targets)

    async def add_paths(self, paths: SimulatedPaths) -> None:
        """Keep simulated paths ready for questions."""
        n_paths, n_points = paths.returns.shape
        row = {
            "forecast_id": paths.forecast_id,
            "n_paths": n_paths,
            "n_steps": n_points - 1,
            "returns": paths.returns.astype("<f4").tobytes(),
            "parquet": paths.parquet,
            "created_at": paths.created_at,
        }
        await self._connection.execute(tables.forecast_paths.insert().values(row))

    async def drop_paths(self, *, origin: Origin, as_of_before: int) -> int:
        """Forget the paths of forecasts made before that instant; return how many."""
        old = select(tables.forecasts.c.id).where(
            tables.forecasts.c.origin == str(origin), tables.forecasts.c.as_of < as_of_before
        )
        gone = delete(tables.forecast_paths).where(tables.forecast_paths.c.forecast_id.in_(old))
        return (await self._connection.execute(gone)).rowcount

    async def due(self, *, origin: Origin, at: int, after: tuple[int, int] = (0, 0), n_groups: int) -> list[DueTarget]:
        """Return the open targets whose instant has come, ordered by (target_at, horizon, series), whole groups at a time.

        A group is one horizon of one cycle. after: the (target_at, horizon in seconds) of the last group seen.
        """
        columns = tables.targets.c
        target_at, horizon_s = after
        beyond = or_(columns.target_at > target_at, and_(columns.target_at == target_at, columns.horizon_s > horizon_s))
        is_due = (columns.settled_at.is_(None), columns.target_at <= at, tables.forecasts.c.origin == str(origin), beyond)
        # A group holds one row a model and a batch may be cut anywhere, so the batch is chosen by its distinct keys first.
        keys = (
            select(columns.target_at, columns.horizon_s)
            .select_from(tables.targets.join(tables.forecasts, tables.forecasts.c.id == columns.forecast_id))
            .where(*is_due)
            .distinct()
            .order_by(columns.target_at, columns.horizon_s)
            .limit(n_groups)
        )
        last = [tuple(row) for row in await self._connection.execute(keys)][-1:]
        if not last:
            return []
        ((last_target, last_horizon),) = last
        within = or_(columns.target_at < last_target, and_(columns.target_at == last_target, columns.horizon_s <= last_horizon))
        order = (columns.target_at, columns.horizon_s, tables.forecasts.c.series_id, tables.forecasts.c.ledger_seq)
        query = _due_targets().where(*is_due, within).order_by(*order)
        return [_to_due(row) for row in await self._connection.execute(query)]

    async def overtaken(self, *, origin: Origin, revised_since: int) -> list[DueTarget]:
        """Return settled targets whose candle has changed or turned up since, in the order of `due`."""
        revised = (
            select(tables.candle_revisions.c.series_id, tables.candle_revisions.c.opened_at)
            .where(tables.candle_revisions.c.revised_at >= revised_since)
            .distinct()
            .subquery()
        )
        candles, targets, forecasts = tables.candles.c, tables.targets.c, tables.forecasts.c
        # Naming the few instants at which such a target's forecast can have been made lets the index on forecasts find it.
        made_at = [revised.c.opened_at + (BASE.seconds - horizon.seconds) for horizon in HORIZONS]
        changed = (
            _due_targets()
            .join(revised, and_(forecasts.series_id == revised.c.series_id, forecasts.as_of.in_(made_at)))
            .join(tables.candles, and_(candles.series_id == revised.c.series_id, candles.opened_at == revised.c.opened_at))
            .where(
                forecasts.origin == str(origin),
                targets.settled_at.is_not(None),
                targets.target_at == revised.c.opened_at + BASE.seconds,
                or_(targets.close != candles.close, targets.void_reason.is_not(None)),
            )
        )
        turned_up = (
            _due_targets()
            .join(
                tables.candles,
                and_(candles.series_id == forecasts.series_id, candles.opened_at == targets.target_at - BASE.seconds),
            )
            .where(
                forecasts.origin == str(origin),
                targets.void_reason.is_not(None),
                targets.settled_at >= revised_since - _VOID_LOOKBACK_S,
            )
        )
        found = {
            (due.forecast_id, due.horizon): due
            for query in (changed, turned_up)
            for due in [_to_due(row) for row in await self._connection.execute(query)]
        }
        return sorted(found.values(), key=lambda due: (due.target_at, due.horizon, due.series_id, due.forecast_seq))

    async def settle(self, results: Sequence[tuple[Result, int]], *, at: int) -> None:
        """Write each result with the number of its ledger entry; one that was settled before is replaced."""
        rows = [
            {
                "b_forecast_id": result.forecast_id,
                "b_horizon_s": result.horizon.seconds,
                "settled_at": at,
                "ledger_seq": seq,
                "close": result.outcome.close if result.outcome else None,
                "log_return": result.log_return,
                "void_reason": result.void_reason,
                "crps_bps": result.score.crps_bps if result.score else None,
                "log_score": result.score.log_score if result.score else None,
                "pit": result.score.pit if result.score else None,
                **{
                    f"interval_score_{percent}_bps": result.score.interval_score_bps[percent] if result.score else None
                    for percent in (50, 80, 90, 95)
                },
            }
            for result, seq in results
        ]
        columns = tables.targets.c
        where = (columns.forecast_id == bindparam("b_forecast_id"), columns.horizon_s == bindparam("b_horizon_s"))
        names = [name for name in rows[0] if not name.startswith("b_")]
        statement = update(tables.targets).where(*where).values({name: bindparam(name) for name in names})
        await self._connection.execute(statement, rows)

    async def n_due(self, *, origin: Origin, at: int) -> int:
        """Return how many open targets have come."""
        query = (
            select(func.count())
            .select_from(tables.targets.join(tables.forecasts, tables.forecasts.c.id == tables.targets.c.forecast_id))
            .where(
                tables.targets.c.settled_at.is_(None),
                tables.targets.c.target_at <= at,
                tables.forecasts.c.origin == str(origin),
            )
        )
        return (await self._connection.execute(query)).scalar_one()


def _due_targets() -> Select[Any]:
    return (
        select(
            tables.targets.c.forecast_id,
            tables.targets.c.horizon_s,
            tables.targets.c.target_at,
            tables.targets.c.ledger_seq.label("settlement_seq"),
            tables.forecasts.c.series_id,
            tables.forecasts.c.model,
            tables.forecasts.c.as_of,
            tables.forecasts.c.spot,
            tables.forecasts.c.ledger_seq.label("forecast_seq"),
            tables.series.c.venue,
            tables.series.c.symbol,
        )
        .join(tables.forecasts, tables.forecasts.c.id == tables.targets.c.forecast_id)
        .join(tables.series, tables.series.c.id == tables.forecasts.c.series_id)
    )


def _to_due(row: Row[Any]) -> DueTarget:
    return DueTarget(
        forecast_id=row.forecast_id,
        series=Series(row.venue, row.symbol),
        series_id=row.series_id,
        model=row.model,
        as_of=row.as_of,
        horizon=Horizon(row.horizon_s),
        target_at=row.target_at,
        spot=row.spot,
        forecast_seq=row.forecast_seq,
        settlement_seq=row.settlement_seq,
    )
