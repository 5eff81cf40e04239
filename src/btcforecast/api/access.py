"""What endpoints are given: the running service, and the series that was asked for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Query, Request

from btcforecast.api.service import Service
from btcforecast.core import Series


async def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


ServiceDep = Annotated[Service, Depends(_service)]


async def _series(
    service: ServiceDep,
    symbol: Annotated[
        str | None, Query(description="Base and quote, such as BTC/USD; what is forecast here by default.", max_length=33)
    ] = None,
    venue: Annotated[
        str | None, Query(description="The exchange, such as coinbase; the one that is forecast here by default.", max_length=32)
    ] = None,
) -> Series:
    return await service.series(symbol=symbol, venue=venue)


SeriesDep = Annotated[Series, Depends(_series)]
