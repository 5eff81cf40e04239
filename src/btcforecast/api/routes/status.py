"""What is running, in words, and health for machines."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import health as health_answers
from btcforecast.api.answers import status as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.status import Health, HealthDetail, HealthStatus, Ready, Status

router = APIRouter(tags=["status"])


@router.get("/v1/status", response_model=Status)
async def status(request: Request, service: ServiceDep) -> Response:
    """Return what is running: market, age of the data, next forecast, and a sentence for the page."""
    return answer(request, await answers.status(service), max_age_s=0)


@router.get("/health", response_model=Health)
async def health(request: Request) -> Response:
    """Answer while the process lives; nothing else is asked."""
    return answer(request, Health(status=HealthStatus.OK), max_age_s=0)


@router.get("/health/ready", response_model=Ready, responses={503: {"model": Ready, "description": "Not ready"}})
async def ready(request: Request, service: ServiceDep) -> Response:
    """Say whether requests can be served: the database answers and its tables are current."""
    found = await health_answers.ready(service)
    return answer(request, found, max_age_s=0, status=200 if found.status is HealthStatus.OK else 503)


@router.get(
    "/health/detailed", response_model=HealthDetail, responses={503: {"model": HealthDetail, "description": "Something failed"}}
)
async def detailed(request: Request, service: ServiceDep) -> Response:
    """Return the health of every part; 503 when one has failed."""
    found = await health_answers.detailed(service)
    return answer(request, found, max_age_s=0, status=503 if found.status is HealthStatus.FAILED else 200)
