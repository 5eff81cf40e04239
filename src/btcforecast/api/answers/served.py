"""Which forecast may be given out now: the gate's decision, read from the store."""

from __future__ import annotations

from typing import Literal, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.api.schemas.gate import Served
from btcforecast.core import Origin, Series, to_rfc3339
from btcforecast.core.errors import NotFoundError, WithheldError
from btcforecast.store.forecasts import ForecastStore, SealedForecast
from btcforecast.store.gate import GateStore

_REPLAYED = "Replayed forecasts are not gated."
_BEFORE_GATE = "No cycle has passed the gate yet."


async def served_forecast(
    connection: AsyncConnection, series: Series, *, origin: Origin = Origin.LIVE
) -> tuple[SealedForecast, Served]:
    """Return the newest forecast that is served, and why that one.

    Raises NotFoundError while there is none, WithheldError where the gate keeps it back.
    """
    store = ForecastStore(connection)
    gate = await GateStore(connection).state(series) if origin is Origin.LIVE else None
    if gate is None:
        newest = await store.latest(series, origin=origin)
        if newest is None:
            raise NotFoundError(f"There is no {origin} forecast for {series} yet; /v1/status says what is being done.")
        return newest, _shown(newest, state="open", since=None, reason=_REPLAYED if origin is Origin.REPLAYED else _BEFORE_GATE)
    since = None if gate.since is None else to_rfc3339(gate.since)
    if gate.served_model is None:
        raise WithheldError(state=gate.state, since=since, reason=gate.reason)
    cycle = await store.at(series, gate.as_of, origin=Origin.LIVE)
    sealed = next(made for made in cycle if made.forecast.model == gate.served_model)
    return sealed, _shown(sealed, state=gate.state, since=since, reason=gate.reason)


def _shown(sealed: SealedForecast, *, state: str, since: str | None, reason: str) -> Served:
    return Served(
        forecast_id=sealed.forecast.id,
        model=sealed.forecast.model,
        role=cast("Literal['champion', 'fallback']", str(sealed.role)),
        state=cast("Literal['open', 'demoted']", state),
        since=since,
        reason=reason,
    )
