"""Models and their versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from btcforecast.api.access import SeriesDep, ServiceDep
from btcforecast.api.answers import models as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.models import ModelList, ModelVersionDetail

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", response_model=ModelList)
async def models(request: Request, service: ServiceDep, series: SeriesDep) -> Response:
    """Return the models that are issued, with their newest versions."""
    return answer(request, await answers.summary(service, series), max_age_s=30)


@router.get("/{version}", response_model=ModelVersionDetail)
async def model_version(
    request: Request, service: ServiceDep, version: Annotated[str, Path(description="The version's name.", max_length=64)]
) -> Response:
    """Return one version with its manifest."""
    return answer(request, await answers.version(service, version), max_age_s=300)
