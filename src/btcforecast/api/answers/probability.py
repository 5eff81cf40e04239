"""Answers to questions about the price, all from the newest forecast that is served."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from btcforecast.api.answers.asking import EXTENDED_NOTE, INTERPOLATED_NOTE, Subject, said_share, subject
from btcforecast.api.schemas.probability import Method, Probability, Question, QuestionKind
from btcforecast.api.service import Service
from btcforecast.api.text import Asked
from btcforecast.core import BASE, Series, said_price
from btcforecast.engine.questions import (
    PathSet,
    law_at,
    probability_above,
    probability_between,
    probability_beyond,
    touch,
)
from btcforecast.engine.questions.extension import DAY_S

_TOUCH_NOTE: Final = "A touch counts whenever a trade reaches the level; between the points of the simulated paths the price is taken to move as a Brownian bridge."
_BEYOND_NOTE: Final = "Of the paths fewer touched the level than a law has beyond it at some instant on the way; the law's probability is the lower bound."


async def probability(service: Service, series: Series, asked: Asked, *, at: int | None, horizon_s: int | None) -> Probability:
    """Return the answer. Exactly one of `at` and `horizon_s` says for when."""
    is_touch = asked.kind is QuestionKind.TOUCH
    about = await subject(
        service,
        series,
        what="touching" if is_touch else str(asked.kind),
        at=at,
        horizon_s=horizon_s,
        least_s=BASE.seconds if is_touch else 1,
    )
    paths = await service.path_sets.get(about.forecast) if is_touch else None
    return await asyncio.to_thread(_answered, about, asked, paths)


def _answered(about: Subject, asked: Asked, paths: PathSet | None) -> Probability:
    forecast = about.forecast
    law, is_interpolated = law_at(forecast.distributions, about.seconds)
    log_levels = [math.log(level / forecast.spot) for level in asked.levels]
    notes = [INTERPOLATED_NOTE] if is_interpolated and paths is None else []
    method = Method.INTERPOLATED if is_interpolated else Method.LAW
    error, n_paths, beyond = 0.0, None, None
    if paths is not None:
        found = touch(paths, log_levels[0], seconds=about.seconds)
        beyond = probability_beyond(law, log_levels[0])
        value, error, n_paths, method = max(found.probability, beyond), found.standard_error, paths.n_paths, Method.PATHS
        notes += [_TOUCH_NOTE] + ([EXTENDED_NOTE] if about.seconds > DAY_S else []) + ([_BEYOND_NOTE] if found.is_bound else [])
    elif asked.kind is QuestionKind.BETWEEN:
        value = probability_between(law, log_levels[0], log_levels[1])
    else:
        above = probability_above(law, log_levels[0])
        value = above if asked.kind is QuestionKind.ABOVE else 1 - above
    return Probability(
        source=about.source,
        served=about.served,
        question=Question(kind=asked.kind, levels=list(asked.levels), at=about.at, horizon_s=about.seconds),
        probability=value,
        standard_error=error,
        method=method,
        n_paths=n_paths,
        probability_beyond_at_end=beyond,
        forecast_id=forecast.id,
        model=forecast.model,
        spot=forecast.spot,
        words=_words(asked, value, about),
        notes=notes + about.notes,
    )


def _words(asked: Asked, value: float, about: Subject) -> str:
    prices = [said_price(level) for level in asked.levels]
    event = {
        QuestionKind.ABOVE: f"is above {prices[0]} at {about.at}",
        QuestionKind.BELOW: f"is at or below {prices[0]} at {about.at}",
        QuestionKind.BETWEEN: f"is between {prices[0]} and {prices[-1]} at {about.at}",
        QuestionKind.TOUCH: f"touches {prices[0]} by {about.at}",
    }[asked.kind]
    return f"The probability that {about.symbol} {event} is {said_share(value)}."
