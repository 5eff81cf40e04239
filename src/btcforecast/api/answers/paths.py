"""Simulated paths in three forms."""

from __future__ import annotations

import asyncio
import json

import numpy as np
from fastapi import Request, Response

from btcforecast.api.answers import sources
from btcforecast.api.conditional import content
from btcforecast.api.schemas.forecasts import Paths
from btcforecast.api.service import Service
from btcforecast.core import BASE, Floats, price_decimals, to_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.store.forecasts import ForecastStore, SealedForecast, SimulatedPaths

_HOUR_S = 3600
_DAY_S = 86400


async def as_json(service: Service, request: Request, forecast_id: str) -> Response:
    """Return the paths with where they come from."""
    sealed, paths = await _read(service, forecast_id)
    n_paths, n_points = paths.returns.shape
    head = Paths(
        source=sources.of_forecast(service, sealed, is_newest=False),
        forecast_id=forecast_id,
        start_at=to_rfc3339(sealed.forecast.as_of),
        step_s=BASE.seconds,
        n_paths=n_paths,
        n_steps=n_points - 1,
        prices=[],
    )
    rows = await asyncio.to_thread(_rows, _prices(sealed, paths), price_decimals(sealed.forecast.spot))
    body = head.model_dump_json().encode().removesuffix(b"[]}") + b"[" + rows + b"]}"
    return content(request, body, media_type="application/json", max_age_s=_HOUR_S)


async def as_parquet(service: Service, request: Request, forecast_id: str) -> Response:
    """Return the Parquet file that was made when the forecast was sealed."""
    _, paths = await _read(service, forecast_id)
    headers = {"content-disposition": f'attachment; filename="{forecast_id}.parquet"'}
    return content(request, paths.parquet, media_type="application/vnd.apache.parquet", max_age_s=_DAY_S, headers=headers)


async def as_synth(service: Service, request: Request, forecast_id: str) -> Response:
    """Return the answer that the Synth subnet's validators take."""
    sealed, paths = await _read(service, forecast_id)
    body = await asyncio.to_thread(synth_answer, _prices(sealed, paths), start_at=sealed.forecast.as_of, step_s=BASE.seconds)
    return content(request, body, media_type="application/vnd.synth+json", max_age_s=_DAY_S)


def synth_answer(prices: Floats, *, start_at: int, step_s: int) -> bytes:
    """Return [start time, step, [prices], …] with prices of at most eight digits, as Synth's validators demand."""
    # Digits before the point, of the largest price, leave the rest for decimals; a leading zero counts as a digit there.
    whole = max(1, len(str(int(np.max(prices)))))
    decimals = max(0, min(8 - whole, 7))
    return f"[{start_at},{step_s},".encode() + _rows(prices, decimals) + b"]"


def _rows(prices: Floats, decimals: int) -> bytes:
    """Return the rows as JSON without the outer brackets.

    One row at a time: 289,000 numbers as Python objects at once would stay with the process as memory that it rarely needs.
    """
    return b",".join(json.dumps(np.round(row, decimals).tolist(), separators=(",", ":")).encode() for row in prices)


async def _read(service: Service, forecast_id: str) -> tuple[SealedForecast, SimulatedPaths]:
    async with service.database.read() as connection:
        store = ForecastStore(connection)
        sealed = await store.by_id(forecast_id)
        paths = await store.paths_of(forecast_id)
    if paths is None:
        raise NotFoundError(
            f"The paths of {forecast_id} are not kept: only the champion's of the last {service.settings.paths_kept} are. "
            "They can be computed again with: btcforecast forecast --at",
        )
    return sealed, paths


def _prices(sealed: SealedForecast, paths: SimulatedPaths) -> Floats:
    return np.asarray(sealed.forecast.spot * np.exp(paths.returns.astype(np.float64)))
