"""Which forecast may be given out now, as it is shown."""

from __future__ import annotations

from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.api.schemas.gate import GateState, Served
from btcforecast.api.schemas.shared import RoleName
from btcforecast.core import Origin, Series, to_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.forecasts.served import newest_served
from btcforecast.store.forecasts import SealedForecast


async def served_forecast(
    connection: AsyncConnection, series: Series, *, origin: Origin = Origin.LIVE
) -> tuple[SealedForecast, Served]:
    """Return the newest forecast that is served, and why that one.

    Raises NotFoundError while there is none, WithheldError where the gate keeps it back.
    """
    found = await newest_served(connection, series, origin=origin)
    if found is None:
        raise NotFoundError(f"There is no {origin} forecast for {series} yet; /v1/status says what is being done.")
    served = Served(
        forecast_id=found.sealed.forecast.id,
        model=found.sealed.forecast.model,
        role=cast("RoleName", str(found.sealed.role)),
        state=cast("GateState", str(found.state)),
        since=None if found.since is None else to_rfc3339(found.since),
        reason=found.reason,
    )
    return found.sealed, served
