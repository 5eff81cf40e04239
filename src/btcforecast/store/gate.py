"""What the gate decided, and which model reigned when: rows in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Horizon, Origin, Series
from btcforecast.engine.calibration.statistics import Settled
from btcforecast.store import tables

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GateState:
    """How the gate stands since its newest cycle. since: the cycle with which the state began, None while it was never another.

    measures: each with name, group, value, low, high, n, n_needed and verdict.
    """

    as_of: int
    judged_at: int
    state: str
    standing: str
    since: int | None
    champion: str
    fallback: str | None
    served_model: str | None
    reason: str
    measures: Sequence[Json] = field(default=())


@dataclass(frozen=True, slots=True)
class GateTransition:
    """One change of state. cause: the measure behind it, where there is one."""

    as_of: int
    judged_at: int
    previous: str
    state: str
    standing: str
    served_model: str | None
    reason: str
    cause: Json | None
    ledger_seq: int


@dataclass(frozen=True, slots=True)
class Reign:
    """Since when a model has been champion. figures: what the rule found, None for a rollback."""

    began_at: int
    champion: str
    previous: str
    kind: str
    is_forced: bool
    reason: str
    figures: Json | None
    ledger_seq: int


class GateStore:
    """The gate's state, its transitions and the reigns on one connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def state(self, series: Series) -> GateState | None:
        """Return how the gate stands, or None before the first live cycle."""
        query = _of(select(tables.gate_states), tables.gate_states.c.series_id, series)
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        names = ("as_of", "judged_at", "state", "standing", "since", "champion", "fallback", "served_model", "reason")
        return GateState(**{name: getattr(row, name) for name in names}, measures=json.loads(row.measures))

    async def set_state(self, state: GateState, *, series_id: int) -> None:
        """Make this how the gate stands."""
        insert = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        values = {**asdict(state), "measures": json.dumps(list(state.measures), allow_nan=False)}
        statement = insert(tables.gate_states).values(series_id=series_id, **values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["series_id"], set_=values))

    async def add_transition(self, transition: GateTransition, *, series_id: int) -> None:
        """Record a change of state."""
        values = {**asdict(transition), "cause": _text(transition.cause)}
        await self._connection.execute(tables.gate_transitions.insert().values(series_id=series_id, **values))

    async def transitions(self, series: Series, *, limit: int = 20) -> list[GateTransition]:
        """Return the newest changes of state, newest first."""
        table = tables.gate_transitions
        query = _of(select(table), table.c.series_id, series).order_by(table.c.id.desc()).limit(limit)
        names = ("as_of", "judged_at", "previous", "state", "standing", "served_model", "reason", "cause", "ledger_seq")
        return [
            GateTransition(**{name: _value(row, name, parsed="cause") for name in names})
            for row in await self._connection.execute(query)
        ]

    async def set_served(self, series_id: int, as_of: int, *, origin: Origin, model: str | None) -> None:
        """Say which model's forecast was published in a cycle."""
        cycles = tables.cycles.c
        where = (cycles.origin == str(origin), cycles.series_id == series_id, cycles.as_of == as_of)
        await self._connection.execute(update(tables.cycles).where(*where).values(served_model=model))

    async def newest_issued(self, series_id: int, *, origin: Origin) -> int | None:
        """Return the instant of the newest cycle that was issued."""
        cycles = tables.cycles.c
        query = select(func.max(cycles.as_of)).where(
            cycles.origin == str(origin), cycles.series_id == series_id, cycles.status == "issued"
        )
        newest: int | None = (await self._connection.execute(query)).scalar_one()
        return newest

    async def settled(
        self, series_id: int, models: Sequence[str], *, spans: Mapping[Horizon, int], until: int
    ) -> dict[tuple[str, Horizon], Settled]:
        """Return each model's settled live forecasts of scheduled cycles at each horizon, in time order.

        spans: for each horizon, the instant after which a target must have fallen due; it has by `until`.
        """
        forecasts, targets, cycles = tables.forecasts.c, tables.targets.c, tables.cycles.c
        is_wanted = [and_(targets.horizon_s == horizon.seconds, targets.target_at > after) for horizon, after in spans.items()]
        query = (
            select(forecasts.model, targets.horizon_s, forecasts.as_of, targets.crps_bps, targets.pit)
            .join(tables.targets, targets.forecast_id == forecasts.id)
            .join(
                tables.cycles,
                and_(
                    cycles.origin == forecasts.origin,
                    cycles.series_id == forecasts.series_id,
                    cycles.as_of == forecasts.as_of,
                ),
            )
            .where(
                forecasts.origin == str(Origin.LIVE),
                forecasts.series_id == series_id,
                # The index on forecasts is by instant; this bound lets it be used.
                forecasts.as_of > min(after - horizon.seconds for horizon, after in spans.items()),
                forecasts.model.in_(models),
                cycles.is_scheduled,
                targets.crps_bps.is_not(None),
                targets.target_at <= until,
                or_(*is_wanted),
            )
            .order_by(forecasts.as_of)
        )
        found: dict[tuple[str, Horizon], list[tuple[int, float, float]]] = {
            (model, horizon): [] for model in models for horizon in spans
        }
        for model, horizon_s, as_of, crps_bps, pit in await self._connection.execute(query):
            found[model, Horizon(horizon_s)].append((as_of, crps_bps, pit))
        return {key: _columns(key[1], rows) for key, rows in found.items()}

    async def add_reign(self, reign: Reign, *, series_id: int) -> None:
        """Record that a model became champion."""
        values = {**asdict(reign), "figures": _text(reign.figures)}
        await self._connection.execute(tables.reigns.insert().values(series_id=series_id, **values))

    async def reigns(self, series: Series, *, by: int | None = None) -> list[Reign]:
        """Return the reigns that began by that instant, newest first; all where none is given."""
        table = tables.reigns
        query = _of(select(table), table.c.series_id, series).order_by(table.c.began_at.desc(), table.c.id.desc())
        if by is not None:
            query = query.where(table.c.began_at <= by)
        names = ("began_at", "champion", "previous", "kind", "is_forced", "reason", "figures", "ledger_seq")
        return [
            Reign(**{name: _value(row, name, parsed="figures") for name in names})
            for row in await self._connection.execute(query)
        ]


def _columns(horizon: Horizon, rows: list[tuple[int, float, float]]) -> Settled:
    as_of, crps_bps, pit = zip(*rows, strict=True) if rows else ((), (), ())
    return Settled(horizon, np.array(as_of, np.int64), np.array(crps_bps, np.float64), np.array(pit, np.float64))


def _of(query: Any, series_id: Any, series: Series) -> Any:
    table = tables.series
    return query.join(table, table.c.id == series_id).where(table.c.venue == series.venue, table.c.symbol == series.symbol)


def _text(value: Json | None) -> str | None:
    return None if value is None else json.dumps(value, allow_nan=False)


def _value(row: Row[Any], name: str, *, parsed: str) -> Any:
    value = getattr(row, name)
    return json.loads(value) if name == parsed and value is not None else value
