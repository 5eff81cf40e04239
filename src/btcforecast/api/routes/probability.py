"""Questions about the price."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from btcforecast.api.access import SeriesDep, ServiceDep
from btcforecast.api.answers import probability as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.probability import Probability
from btcforecast.api.text import asked_for, instant, span

router = APIRouter(prefix="/v1", tags=["probability"])

Level = Annotated[float | None, Query(ge=1e-9, lt=1e12, allow_inf_nan=False)]


@router.get("/probability", response_model=Probability, openapi_extra={"x-cost": 2})
async def probability(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    above: Annotated[Level, Query(description="Above this price at the instant?")] = None,
    below: Annotated[Level, Query(description="At or below this price at the instant?")] = None,
    between: Annotated[
        str | None, Query(description="Between these prices at the instant? LOW,HIGH", max_length=64, examples=["80000,90000"])
    ] = None,
    touch: Annotated[Level, Query(description="Touched at some moment up to the instant?")] = None,
    at: Annotated[
        str | None,
        Query(description="The instant, RFC 3339: up to 30 days after the newest forecast.", max_length=40),
    ] = None,
    horizon: Annotated[
        str | None, Query(description="Instead of `at`: so long after the forecast's `as_of`, such as 24h.", max_length=8)
    ] = None,
) -> Response:
    """Answer one question (above, below, between or touch) about one instant (at or horizon)."""
    question = asked_for(above=above, below=below, between=between, touch=touch)
    found = await answers.probability(service, series, question, at=instant(at, "at"), horizon_s=span(horizon, "horizon"))
    return answer(request, found, max_age_s=5)
