"""Where data come from and how old they are."""

from __future__ import annotations

from collections.abc import Iterable

from btcforecast.api.schemas.shared import Source
from btcforecast.api.service import Service
from btcforecast.core import BASE, Origin, Series, to_rfc3339
from btcforecast.store.forecasts import SealedForecast

CANDLES_STALE_AFTER_S = 3 * BASE.seconds
"""Candles close every five minutes and arrive within seconds."""


def source(
    service: Service,
    series: Series,
    *,
    as_of: int | None,
    is_stale: bool,
    origin: Origin | None = None,
    borrowed_from: Iterable[str] = (),
) -> Source:
    """Return the source of data known up to `as_of`."""
    return Source(
        venue=series.venue,
        symbol=series.symbol,
        simulated=series.is_simulated,
        origin=origin,
        as_of=None if as_of is None else to_rfc3339(as_of),
        age_s=None if as_of is None else max(0, service.clock.now() - as_of),
        stale=is_stale,
        borrowed_from=sorted(set(borrowed_from)),
    )


def of_forecast(service: Service, sealed: SealedForecast, *, is_newest: bool) -> Source:
    """Return the source of one forecast; the newest live one is stale when a newer one should exist."""
    forecast = sealed.forecast
    return source(
        service,
        forecast.series,
        as_of=forecast.as_of,
        is_stale=is_newest and forecast.origin is Origin.LIVE and service.is_overdue(forecast.as_of),
        origin=forecast.origin,
        borrowed_from=sealed.borrowed_from,
    )


def of_candles(service: Service, series: Series, *, newest_opened_at: int | None, borrowed_from: Iterable[str] = ()) -> Source:
    """Return the source of candles up to the newest one."""
    as_of = None if newest_opened_at is None else newest_opened_at + BASE.seconds
    is_stale = as_of is None or service.clock.now() - as_of > CANDLES_STALE_AFTER_S
    return source(service, series, as_of=as_of, is_stale=is_stale, borrowed_from=borrowed_from)
