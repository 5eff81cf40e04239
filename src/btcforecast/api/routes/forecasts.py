"""Forecasts: the latest, the history, one by id, its paths."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from btcforecast.api.access import SeriesDep, ServiceDep
from btcforecast.api.answers import forecasts as answers
from btcforecast.api.answers import paths as path_answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.forecasts import ForecastDetail, ForecastList, LatestForecast, Paths
from btcforecast.api.text import instant
from btcforecast.core import Origin

router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

Id = Annotated[str, Path(description="The forecast's id.", pattern="^f[0-9a-f]{24}$")]


class PathsFormat(StrEnum):
    """How paths are written."""

    JSON = "json"
    PARQUET = "parquet"
    SYNTH = "synth"


@router.get("/latest", response_model=LatestForecast)
async def latest_forecast(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    origin: Annotated[Origin, Query(description="live or replayed.")] = Origin.LIVE,
) -> Response:
    """Return the newest forecast of the champion, and the baselines' of the same instant."""
    return answer(request, await answers.latest(service, series, origin=origin), max_age_s=1)


@router.get("", response_model=ForecastList)
async def list_forecasts(
    request: Request,
    service: ServiceDep,
    series: SeriesDep,
    *,
    origin: Annotated[Origin, Query(description="live or replayed.")] = Origin.LIVE,
    model: Annotated[str | None, Query(description="Only this model's; all models' by default.", max_length=64)] = None,
    since: Annotated[str | None, Query(description="Only those made at or after this instant, RFC 3339.", max_length=40)] = None,
    until: Annotated[str | None, Query(description="Only those made before this instant, RFC 3339.", max_length=40)] = None,
    settled: Annotated[
        bool | None, Query(description="true: only those with a settled target; false: only those with none.")
    ] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=64)] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=100)] = 20,
) -> Response:
    """Return forecasts, newest first."""
    wanted = answers.Wanted(
        origin=origin,
        model=model,
        since=instant(since, "since"),
        before=instant(until, "until"),
        is_settled=settled,
    )
    return answer(request, await answers.page(service, series, wanted, cursor=cursor, limit=limit), max_age_s=5)


@router.get("/{forecast_id}", response_model=ForecastDetail)
async def one_forecast(request: Request, service: ServiceDep, forecast_id: Id) -> Response:
    """Return one forecast with all its quantiles, outcomes, ledger entry and inclusion proof."""
    return answer(request, await answers.detail(service, forecast_id), max_age_s=5)


@router.get(
    "/{forecast_id}/paths",
    response_model=Paths,
    openapi_extra={"x-cost": 5},
    responses={
        200: {
            "description": "Simulated price paths. JSON; or a Parquet file with the columns path, at, price; or the Synth subnet's "
            "answer: [start time in Unix seconds, step in seconds, [prices of path 1], [prices of path 2], …], prices of at most "
            "eight digits.",
            "content": {
                "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
                "application/vnd.synth+json": {"schema": {"type": "array", "items": {}}},
            },
        },
    },
)
async def forecast_paths(
    request: Request,
    service: ServiceDep,
    forecast_id: Id,
    format: Annotated[PathsFormat, Query(description="json, parquet or synth.")] = PathsFormat.JSON,  # noqa: A002  # the parameter's public name
) -> Response:
    """Return the forecast's simulated paths: 1,000 over 24 hours in five-minute steps; kept for two days."""
    match format:
        case PathsFormat.JSON:
            return await path_answers.as_json(service, request, forecast_id)
        case PathsFormat.PARQUET:
            return await path_answers.as_parquet(service, request, forecast_id)
        case PathsFormat.SYNTH:
            return await path_answers.as_synth(service, request, forecast_id)
