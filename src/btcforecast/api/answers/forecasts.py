"""Forecasts as they are shown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Literal, cast

import numpy as np

from btcforecast.api.answers import ledger as ledger_answers
from btcforecast.api.answers import sources
from btcforecast.api.answers.served import served_forecast
from btcforecast.api.schemas.forecasts import (
    Band,
    Forecast,
    ForecastDetail,
    ForecastList,
    HorizonForecast,
    LatestForecast,
    Outcome,
)
from btcforecast.api.schemas.shared import RoleName
from btcforecast.api.service import Service
from btcforecast.api.text import ParameterError
from btcforecast.core import LEVELS, Distribution, Floats, Horizon, Origin, Series, price_decimals, to_rfc3339
from btcforecast.core import Forecast as Sealed
from btcforecast.core.errors import NotFoundError
from btcforecast.forecasts.ledger import Ledger
from btcforecast.store.forecasts import ForecastStore, SealedForecast, Target

COVERAGES: Final = (50, 80, 90, 95)
SHOWN: Final = np.array([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])
"""Quantile levels in lists; one forecast by id has all 105."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which forecasts a list is to have."""

    origin: Origin
    model: str | None
    since: int | None
    before: int | None
    is_settled: bool | None


async def latest(service: Service, series: Series, *, origin: Origin) -> LatestForecast:
    """Return the newest forecast that is served, and the other models' of the same instant."""
    async with service.database.read() as connection:
        store = ForecastStore(connection)
        sealed, served = await served_forecast(connection, series, origin=origin)
        cycle = await store.at(series, sealed.forecast.as_of, origin=origin)
        targets = await store.targets_of_many([made.forecast.id for made in cycle])
    return LatestForecast(
        source=sources.of_forecast(service, sealed, is_newest=True),
        served=served,
        forecast=shown_forecast(sealed, targets[sealed.forecast.id]),
        others=[shown_forecast(made, targets[made.forecast.id]) for made in cycle if made.forecast.id != sealed.forecast.id],
        next_at=to_rfc3339(service.next_due(sealed.forecast.as_of)),
    )


async def page(service: Service, series: Series, wanted: Wanted, *, cursor: str | None, limit: int) -> ForecastList:
    """Return forecasts, newest first."""
    if wanted.since is not None and wanted.before is not None and wanted.since >= wanted.before:
        raise ParameterError("since", "The span is empty: “since” must be before “until”.")
    async with service.database.read() as connection:
        store = ForecastStore(connection)
        model = wanted.model
        known = set((await service.roles()).models)
        if model is not None and model not in known and await store.latest(series, origin=wanted.origin, model=model) is None:
            raise NotFoundError(f"There are no forecasts of a model “{model}”; this service has {', '.join(sorted(known))}.")
        found = await store.page(
            origin=wanted.origin,
            cursor=cursor,
            limit=limit,
            symbol=series.symbol,
            venue=series.venue,
            model=wanted.model,
            since=wanted.since,
            before=wanted.before,
            is_settled=wanted.is_settled,
        )
        targets = await store.targets_of_many([sealed.forecast.id for sealed in found.forecasts])
    shown = await asyncio.to_thread(
        lambda: [shown_forecast(sealed, targets[sealed.forecast.id]) for sealed in found.forecasts],
    )
    newest = found.forecasts[0] if found.forecasts else None
    source = (
        sources.of_forecast(service, newest, is_newest=cursor is None and wanted.before is None)
        if newest is not None
        else sources.source(service, series, as_of=None, is_stale=False, origin=wanted.origin)
    )
    return ForecastList(source=source, forecasts=shown, next_cursor=found.next_cursor)


async def detail(service: Service, forecast_id: str) -> ForecastDetail:
    """Return one forecast with everything that is known of it."""
    async with service.database.read() as connection:
        store = ForecastStore(connection)
        sealed = await store.by_id(forecast_id)
        targets = await store.targets_of(forecast_id)
        ledger = Ledger(connection, sealed.forecast.origin)
        entry = await ledger.entry(sealed.ledger_seq)
        inclusion = await ledger_answers.newest_inclusion(ledger, entry)
        paths = await store.paths_of(forecast_id)
    return ForecastDetail(
        source=sources.of_forecast(service, sealed, is_newest=False),
        forecast=shown_forecast(sealed, targets, levels=LEVELS),
        seed=sealed.forecast.seed,
        data_digest=sealed.forecast.data_digest,
        calendar_digest=sealed.forecast.calendar_digest,
        known_at=to_rfc3339(sealed.known_at),
        entry=ledger_answers.shown_entry(entry),
        inclusion=inclusion,
        has_paths=paths is not None,
    )


def shown_forecast(sealed: SealedForecast, targets: tuple[Target, ...], *, levels: Floats = SHOWN) -> Forecast:
    """Return the forecast with quantiles at these levels and the outcomes that are known."""
    forecast = sealed.forecast
    outcomes = {target.horizon: target for target in targets}
    return Forecast(
        id=forecast.id,
        origin=forecast.origin,
        venue=forecast.series.venue,
        symbol=forecast.series.symbol,
        simulated=forecast.series.is_simulated,
        model=forecast.model,
        model_version=forecast.model_version,
        role=cast("RoleName", str(sealed.role)),
        scheduled=sealed.is_scheduled,
        as_of=to_rfc3339(forecast.as_of),
        sealed_at=to_rfc3339(sealed.sealed_at),
        spot=forecast.spot,
        ledger_seq=sealed.ledger_seq,
        horizons=[
            _shown_horizon(forecast, horizon, law, target=outcomes.get(horizon), levels=levels)
            for horizon, law in forecast.distributions.items()
        ],
    )


def _shown_horizon(
    forecast: Sealed, horizon: Horizon, law: Distribution, *, target: Target | None, levels: Floats
) -> HorizonForecast:
    spot = forecast.spot
    log_returns = law.quantile(levels)
    decimals = price_decimals(spot)
    prices = np.round(spot * np.exp(log_returns), decimals)
    tails = np.array([0.5 + side * percent / 200 for percent in COVERAGES for side in (-1, 1)])
    ends = np.round(spot * np.exp(law.quantile(tails)), decimals).tolist()
    return HorizonForecast(
        horizon=str(horizon),
        horizon_s=horizon.seconds,
        target_at=to_rfc3339(forecast.as_of + horizon.seconds),
        median_price=round(spot * float(np.exp(law.median)), decimals),
        bands=[
            Band(coverage_percent=percent, low_price=ends[2 * i], high_price=ends[2 * i + 1])
            for i, percent in enumerate(COVERAGES)
        ],
        levels=levels.tolist(),
        log_returns=np.round(log_returns, 8).tolist(),
        prices=prices.tolist(),
        status=cast("Literal['open', 'settled', 'void']", target.status if target else "open"),
        outcome=_shown_outcome(target),
    )


def _shown_outcome(target: Target | None) -> Outcome | None:
    if target is None or target.settled_at is None:
        return None
    covered = {percent: target.covered(percent) for percent in COVERAGES}
    return Outcome(
        settled_at=to_rfc3339(target.settled_at),
        ledger_seq=target.ledger_seq,
        close=target.close,
        log_return=target.log_return,
        crps_bps=target.crps_bps,
        log_score=target.log_score,
        pit=target.pit,
        covered={str(percent): held for percent, held in covered.items() if held is not None},
        interval_score_bps={str(percent): value for percent, value in (target.interval_score_bps or {}).items()},
        void_reason=target.void_reason,
    )
