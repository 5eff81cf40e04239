"""The track record and calibration."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from btcforecast.api.access import SeriesDep, ServiceDep
from btcforecast.api.answers import record as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.record import Calibration, HorizonName, TrackRecord, Window
from btcforecast.core import Origin

router = APIRouter(prefix="/v1", tags=["track record"])

OriginQuery = Annotated[Origin, Query(description="live or replayed; never mixed.")]
ModelQuery = Annotated[str | None, Query(max_length=64, pattern="^[a-z0-9_]+$")]


@router.get("/track-record", response_model=TrackRecord, openapi_extra={"x-cost": 5})
async def track_record(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    origin: OriginQuery = Origin.LIVE,
    window: Annotated[Window | None, Query(description="7d, 30d, 90d or all; each of them by default.")] = None,
    model: Annotated[ModelQuery, Query(description="Only this model; all by default.")] = None,
) -> Response:
    """Return skill against every baseline, coverage and PIT, by model, horizon and window."""
    found = await answers.track_record(service, series, origin=origin, window=window, model=model)
    return answer(request, found, max_age_s=30)


@router.get("/calibration", response_model=Calibration, openapi_extra={"x-cost": 5})
async def calibration(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    origin: OriginQuery = Origin.LIVE,
    window: Annotated[Window, Query(description="7d, 30d, 90d or all.")] = Window.ALL,
    horizon: Annotated[HorizonName, Query(description="One of the published horizons.")] = HorizonName.H24,
    model: Annotated[ModelQuery, Query(description="The champion by default.")] = None,
) -> Response:
    """Return PIT histogram, reliability and coverage over time of one model at one horizon."""
    found = await answers.calibration(service, series, origin=origin, window=window, horizon=horizon, model=model)
    return answer(request, found, max_age_s=30)
