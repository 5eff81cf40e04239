"""The publish gate and the drift report."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from btcforecast.api.access import SeriesDep, ServiceDep
from btcforecast.api.answers import drift as drift_answers
from btcforecast.api.answers import gate as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.drift import Drift
from btcforecast.api.schemas.gate import Gate

router = APIRouter(prefix="/v1", tags=["gate"])


@router.get("/gate", response_model=Gate)
async def gate(request: Request, service: ServiceDep, series: SeriesDep) -> Response:
    """Return which model is served and why, every measure with its limits, and the newest changes."""
    return answer(request, await answers.gate(service, series), max_age_s=5)


@router.get("/drift", response_model=Drift, openapi_extra={"x-cost": 5})
async def drift(request: Request, service: ServiceDep, series: SeriesDep) -> Response:
    """Return how calibration, skill and inputs of the champion have moved, by window."""
    return answer(request, await drift_answers.drift(service, series), max_age_s=60)
