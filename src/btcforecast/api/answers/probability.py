"""Answers to questions about the price, all from the champion's newest live forecast."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from btcforecast.api.answers import sources
from btcforecast.api.answers.questions import law_at, probability_above, probability_between, touch
from btcforecast.api.schemas.probability import Method, Probability, Question, QuestionKind
from btcforecast.api.service import Service
from btcforecast.api.text import Asked, ParameterError
from btcforecast.core import BASE, Distribution, Series, to_rfc3339
from btcforecast.core.errors import NotFoundError, UnavailableError
from btcforecast.store.forecasts import ForecastStore, SealedForecast, SimulatedPaths

TOUCH_REACH_S: Final = 86400
_TOUCH_NOTE: Final = (
    "Touching is looked for at five-minute closes of the simulated paths; a price between two closes may touch as well, so the true "
    "probability is a little higher."
)
_BEYOND_NOTE: Final = (
    "Of the paths fewer touched the level than the law has beyond it at the end; the law's probability is the lower bound."
)
_INTERPOLATED_NOTE: Final = (
    "The instant lies between two published horizons; their quantiles are joined along the square root of time."
)
_STALE_NOTE: Final = "The newest forecast is older than it should be."


async def probability(service: Service, series: Series, asked: Asked, *, at: int | None, horizon_s: int | None) -> Probability:
    """Return the answer. Exactly one of `at` and `horizon_s` says for when."""
    async with service.database.read() as connection:
        store = ForecastStore(connection)
        sealed = await store.latest(series)
        if sealed is None:
            raise NotFoundError(f"There is no live forecast for {series} yet, so nothing can be said.")
        seconds = _reach(service, sealed, asked, at=at, horizon_s=horizon_s)
        paths = await store.paths_of(sealed.forecast.id) if asked.kind is QuestionKind.TOUCH else None
    return await asyncio.to_thread(_answered, service, sealed, asked, seconds, paths)


def _reach(service: Service, sealed: SealedForecast, asked: Asked, *, at: int | None, horizon_s: int | None) -> int:
    """Return how far after the forecast's instant the question looks; raises ParameterError where it cannot be answered."""
    if (at is None) == (horizon_s is None):
        raise ParameterError("at", "Say for when: either at, such as 2025-12-01T00:00:00Z, or horizon, such as 24h.")
    as_of = sealed.forecast.as_of
    name = "at" if at is not None else "horizon"
    seconds = horizon_s if horizon_s is not None else (at or 0) - as_of
    target = as_of + seconds
    if seconds <= 0 or target <= service.clock.now():
        raise ParameterError(
            name, f"{_said(target)} has passed; ask about an instant after {_said(max(as_of, service.clock.now()))}."
        )
    longest = max(sealed.forecast.distributions).seconds
    reach = TOUCH_REACH_S if asked.kind is QuestionKind.TOUCH else longest
    if seconds > reach:
        raise ParameterError(
            name,
            f"{_said(target)} is beyond reach: {asked.kind} is answered up to {_said(as_of + reach)}, "
            f"{reach // 3600} hours after the newest forecast.",
        )
    if asked.kind is QuestionKind.TOUCH and seconds < BASE.seconds:
        raise ParameterError(name, f"Touching needs at least five minutes: ask about {_said(as_of + BASE.seconds)} or later.")
    return seconds


def _said(at: int) -> str:
    try:
        return to_rfc3339(at)
    except (ValueError, OverflowError):
        return "That instant"


def _answered(service: Service, sealed: SealedForecast, asked: Asked, seconds: int, paths: SimulatedPaths | None) -> Probability:
    forecast = sealed.forecast
    law, is_interpolated = law_at(forecast.distributions, seconds)
    log_levels = [math.log(level / forecast.spot) for level in asked.levels]
    notes = [_INTERPOLATED_NOTE] if is_interpolated and asked.kind is not QuestionKind.TOUCH else []
    method = Method.INTERPOLATED if is_interpolated else Method.LAW
    error, n_paths, beyond = 0.0, None, None
    if asked.kind is QuestionKind.TOUCH:
        if paths is None:
            raise UnavailableError(f"The simulated paths of {forecast.id} are not kept, so touching cannot be answered now.")
        found = touch(paths.returns, log_levels[0], seconds=seconds)
        beyond = _beyond(law, log_levels[0])
        value, error, n_paths, method = max(found.probability, beyond), found.standard_error, found.n_paths, Method.PATHS
        notes += [_TOUCH_NOTE] + ([_BEYOND_NOTE] if beyond > found.probability else [])
    elif asked.kind is QuestionKind.BETWEEN:
        value = probability_between(law, log_levels[0], log_levels[1])
    else:
        above = probability_above(law, log_levels[0])
        value = above if asked.kind is QuestionKind.ABOVE else 1 - above
    source = sources.of_forecast(service, sealed, is_newest=True)
    return Probability(
        source=source,
        question=Question(kind=asked.kind, levels=list(asked.levels), at=to_rfc3339(forecast.as_of + seconds), horizon_s=seconds),
        probability=value,
        standard_error=error,
        method=method,
        n_paths=n_paths,
        probability_beyond_at_end=beyond,
        forecast_id=forecast.id,
        model=forecast.model,
        spot=forecast.spot,
        words=_words(asked, value, at=to_rfc3339(forecast.as_of + seconds), series=forecast.series),
        notes=notes + ([_STALE_NOTE] if source.stale else []),
    )


def _beyond(law: Distribution, log_level: float) -> float:
    """Return the probability of ending on the far side of the level, seen from the spot."""
    above = probability_above(law, log_level)
    return above if log_level >= 0 else 1 - above


def _words(asked: Asked, value: float, *, at: str, series: Series) -> str:
    prices = [f"{level:,.2f}".rstrip("0").rstrip(".") for level in asked.levels]
    event = {
        QuestionKind.ABOVE: f"is above {prices[0]} at {at}",
        QuestionKind.BELOW: f"is at or below {prices[0]} at {at}",
        QuestionKind.BETWEEN: f"is between {prices[0]} and {prices[-1]} at {at}",
        QuestionKind.TOUCH: f"touches {prices[0]} by {at}",
    }[asked.kind]
    shown = "less than 0.1 %" if value < 0.001 else "more than 99.9 %" if value > 0.999 else f"{100 * value:.1f} %"
    kind = "simulated " if series.is_simulated else ""
    return f"The probability that {kind}{series.symbol} {event} is {shown}."
