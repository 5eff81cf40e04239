"""Range, risk, first passage, and how sealed questions fared."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from btcforecast.api.access import SeriesDep, ServiceDep
from btcforecast.api.answers import questions as answers
from btcforecast.api.conditional import answer
from btcforecast.api.routes.record import ModelQuery, OriginQuery
from btcforecast.api.schemas.questions import FirstPassage, QuestionRecord, Range, RecordKind, Risk, Side
from btcforecast.api.schemas.record import Window
from btcforecast.api.text import instant, span
from btcforecast.core import Origin

router = APIRouter(prefix="/v1")

AtQuery = Annotated[
    str | None, Query(description="The instant, RFC 3339: up to 30 days after the newest forecast.", max_length=40)
]
HorizonQuery = Annotated[
    str | None, Query(description="Instead of `at`: so long after the forecast's `as_of`, such as 24h.", max_length=8)
]


@router.get("/range", response_model=Range, tags=["probability"], openapi_extra={"x-cost": 2})
async def price_range(
    request: Request, service: ServiceDep, series: SeriesDep, *, at: AtQuery = None, horizon: HorizonQuery = None
) -> Response:
    """Return the expected highest and lowest price up to an instant (at or horizon) and the range between them."""
    found = await answers.price_range(service, series, at=instant(at, "at"), horizon_s=span(horizon, "horizon"))
    return answer(request, found, max_age_s=5)


@router.get("/risk", response_model=Risk, tags=["probability"], openapi_extra={"x-cost": 2})
async def risk(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    at: AtQuery = None,
    horizon: HorizonQuery = None,
    side: Annotated[Side | None, Query(description="long or short; both by default.")] = None,
) -> Response:
    """Return value at risk and expected shortfall at 90, 95 and 99 % for one unit held to an instant (at or horizon)."""
    found = await answers.risks(service, series, at=instant(at, "at"), horizon_s=span(horizon, "horizon"), side=side)
    return answer(request, found, max_age_s=5)


@router.get("/first-passage", response_model=FirstPassage, tags=["probability"], openapi_extra={"x-cost": 2})
async def first_passage(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    level: Annotated[float, Query(description="The price that may be touched.", ge=1e-9, lt=1e12, allow_inf_nan=False)],
    at: AtQuery = None,
    horizon: HorizonQuery = None,
) -> Response:
    """Return the probability that a price was touched by each of some instants, and when it is touched if it is.

    Up to `at` or `horizon`; as far as forecasts reach where neither is given.
    """
    found = await answers.first_passage(service, series, level=level, at=instant(at, "at"), horizon_s=span(horizon, "horizon"))
    return answer(request, found, max_age_s=5)


@router.get("/track-record/questions", response_model=QuestionRecord, tags=["track record"], openapi_extra={"x-cost": 5})
async def question_record(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    origin: OriginQuery = Origin.LIVE,
    window: Annotated[Window | None, Query(description="7d, 30d, 90d or all; each of them by default.")] = None,
    kind: Annotated[RecordKind | None, Query(description="above, between or touch; all by default.")] = None,
    model: Annotated[ModelQuery, Query(description="Only this model; all by default.")] = None,
) -> Response:
    """Return Brier scores, their parts, skill and reliability of the questions sealed with every cycle, by model, kind and horizon."""
    found = await answers.question_record(service, series, origin=origin, window=window, kind=kind, model=model)
    return answer(request, found, max_age_s=30)
