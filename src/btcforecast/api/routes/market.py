"""Candles and prices."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from btcforecast.api.access import SeriesDep, ServiceDep
from btcforecast.api.answers import market as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.market import CandleList, CandleWidth, Price
from btcforecast.api.text import instant

router = APIRouter(prefix="/v1", tags=["market"])


@router.get("/candles", response_model=CandleList)
async def candles(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    interval: Annotated[CandleWidth, Query(description="5m, 15m, 1h, 4h or 1d.")] = CandleWidth.FIVE_MINUTES,
    from_: Annotated[
        str | None, Query(alias="from", description="Only candles opened at or after this instant, RFC 3339.", max_length=40)
    ] = None,
    to: Annotated[str | None, Query(description="Only candles opened before this instant, RFC 3339.", max_length=40)] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=2000)] = 500,
) -> Response:
    """Return closed candles, oldest first: the newest ones of the span asked for."""
    found = await answers.candles(
        service, series, width=interval, opened_from=instant(from_, "from"), opened_before=instant(to, "to"), limit=limit
    )
    return answer(request, found, max_age_s=5)


@router.get("/price", response_model=Price)
async def price(request: Request, service: ServiceDep, series: SeriesDep) -> Response:
    """Return the newest price."""
    return answer(request, await answers.price(service, series), max_age_s=0)
