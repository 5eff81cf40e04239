"""Which forecast may be given out now: the gate's decision, read from the store."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Origin, Series, to_rfc3339
from btcforecast.core.errors import WithheldError
from btcforecast.engine.calibration.gate import State
from btcforecast.store.forecasts import ForecastStore, SealedForecast
from btcforecast.store.gate import GateStore

_REPLAYED = "Replayed forecasts are not gated."
_BEFORE_GATE = "No cycle has passed the gate yet."


@dataclass(frozen=True, slots=True)
class ServedForecast:
    """The newest forecast that is served, and why that one. since: the cycle with which the state began, None from the start."""

    sealed: SealedForecast
    state: State
    since: int | None
    reason: str


async def newest_served(connection: AsyncConnection, series: Series, *, origin: Origin = Origin.LIVE) -> ServedForecast | None:
    """Return the newest forecast that is served, or None while there is none; raises WithheldError where the gate keeps it back."""
    store = ForecastStore(connection)
    gate = await GateStore(connection).state(series) if origin is Origin.LIVE else None
    if gate is None:
        newest = await store.latest(series, origin=origin)
        reason = _REPLAYED if origin is Origin.REPLAYED else _BEFORE_GATE
        return None if newest is None else ServedForecast(newest, State.OPEN, None, reason)
    if gate.served_model is None:
        since = None if gate.since is None else to_rfc3339(gate.since)
        raise WithheldError(state=gate.state, since=since, reason=gate.reason)
    cycle = await store.at(series, gate.as_of, origin=Origin.LIVE)
    sealed = next(made for made in cycle if made.forecast.model == gate.served_model)
    return ServedForecast(sealed, State(gate.state), gate.since, gate.reason)
