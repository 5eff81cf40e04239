"""Recompute: a sealed forecast computed again from the store, the registry and the seed, and compared bit for bit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np

from btcforecast.core import Calendar, Candles, Forecast
from btcforecast.core.errors import UnavailableError
from btcforecast.engine.models.contract import Model
from btcforecast.forecasts.calendar import digest_of, known_calendar
from btcforecast.forecasts.issue import Versions, seed_of
from btcforecast.forecasts.paths import Paths, simulate
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import SealedForecast


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The forecast as it comes out now, and the parts in which it differs from the ledger; none means identical."""

    forecast: Forecast
    differences: tuple[str, ...]
    paths: Paths | None = None

    @property
    def is_identical(self) -> bool:
        """Say whether every bit is the same."""
        return not self.differences


async def recompute(database: Database, versions: Versions, sealed: SealedForecast, *, n_paths: int | None = None) -> Recomputed:
    """Return the sealed forecast computed anew from what was known when it was made, and how it compares.

    n_paths: simulate so many paths too. Raises NotFoundError or IntegrityError when the model version is gone or was changed.
    """
    model = await asyncio.to_thread(versions.load, sealed.forecast.model_version)
    async with database.read() as connection:
        candles = await CandleStore(connection).read(
            sealed.forecast.series,
            opened_from=model.trained_until,
            opened_before=sealed.forecast.as_of,
            known_at=sealed.known_at,
        )
    calendar = await known_calendar(database, known_at=sealed.known_at)
    return await asyncio.to_thread(_again, model, candles, calendar, sealed, n_paths)


def _again(model: Model, candles: Candles, calendar: Calendar, sealed: SealedForecast, n_paths: int | None) -> Recomputed:
    then = sealed.forecast
    told = calendar.known_at(then.as_of)
    model.schedule(told)
    model.observe(candles)
    if model.as_of != then.as_of:
        raise UnavailableError(f"The store no longer has the candles of {then.series} that the forecast was made from.")
    now = Forecast(
        series=then.series,
        model=then.model,
        model_version=then.model_version,
        as_of=then.as_of,
        spot=model.spot,
        distributions=model.quantiles(tuple(then.distributions)),
        seed=seed_of(then.series, then.as_of),
        data_digest=candles.digest(),
        origin=then.origin,
        calendar_digest=digest_of(told),
    )
    paths = None if n_paths is None else simulate(model, now, n_paths=n_paths)
    return Recomputed(now, differences(then, now), paths)


def differences(then: Forecast, now: Forecast) -> tuple[str, ...]:
    """Return the parts in which two forecasts of the same model and instant differ, in words."""
    parts = {
        "the candles seen after the fit": then.data_digest == now.data_digest,
        "the scheduled events known then": then.calendar_digest == now.calendar_digest,
        "the price it starts from": then.spot == now.spot,
        "the seed": then.seed == now.seed,
        **{
            f"the quantiles at {horizon}": np.array_equal(law.quantiles, now.distributions[horizon].quantiles)
            for horizon, law in then.distributions.items()
        },
    }
    return tuple(name for name, is_same in parts.items() if not is_same)
