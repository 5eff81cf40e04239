"""Range, risk and first passage, from the newest forecast that is served; and how sealed questions fared."""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from btcforecast.api.answers import sources
from btcforecast.api.answers.asking import EXTENDED_NOTE, INTERPOLATED_NOTE, Subject, said_share, subject
from btcforecast.api.schemas.questions import (
    FirstPassage,
    Loss,
    PassagePoint,
    PassageTime,
    PriceEstimate,
    PriceQuantile,
    QuestionFigures,
    QuestionRecord,
    Range,
    RecordKind,
    Risk,
    RiskFigure,
    Side,
)
from btcforecast.api.schemas.record import Window
from btcforecast.api.service import Service
from btcforecast.core import BASE, HORIZONS, Floats, Origin, Series, from_rfc3339, price_decimals, said_price, to_rfc3339
from btcforecast.engine.questions import Estimate, PathSet, law_at, passage, risk, spread
from btcforecast.engine.questions.extension import DAY_S

RISK_LEVELS: Final = (0.9, 0.95, 0.99)
_SHOWN: Final = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
_TIMES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
_N_POINTS: Final = 48
_RISK_NOTE: Final = (
    "For one unit of the base currency, held over the whole span without margin calls or costs; the figures follow from the published law "
    "and say nothing of losses on the way."
)


async def price_range(service: Service, series: Series, *, at: int | None, horizon_s: int | None) -> Range:
    """Return how far the price is expected to range."""
    about = await subject(service, series, what="the range", at=at, horizon_s=horizon_s, least_s=BASE.seconds)
    paths = await service.path_sets.get(about.forecast)
    return await asyncio.to_thread(_range, about, paths)


async def risks(service: Service, series: Series, *, at: int | None, horizon_s: int | None, side: Side | None) -> Risk:
    """Return value at risk and expected shortfall, of both sides or of one."""
    about = await subject(service, series, what="risk", at=at, horizon_s=horizon_s)
    return await asyncio.to_thread(_risk, about, list(Side) if side is None else [side])


async def first_passage(service: Service, series: Series, *, level: float, at: int | None, horizon_s: int | None) -> FirstPassage:
    """Return when the level is first touched; as far as forecasts reach where no instant is given."""
    if at is None and horizon_s is None:
        horizon_s = HORIZONS[-1].seconds
    about = await subject(service, series, what="first passage", at=at, horizon_s=horizon_s, least_s=BASE.seconds)
    paths = await service.path_sets.get(about.forecast)
    return await asyncio.to_thread(_passage, about, paths, level)


async def question_record(
    service: Service,
    series: Series,
    *,
    origin: Origin,
    window: Window | None,
    kind: RecordKind | None,
    model: str | None,
) -> QuestionRecord:
    """Return how sealed questions fared, of all windows, kinds and models or of one."""
    record = await service.question_records.get(series, origin)
    as_of = None if record.last_as_of is None else from_rfc3339(record.last_as_of)
    return QuestionRecord(
        source=sources.source(service, series, as_of=as_of, is_stale=False, origin=origin),
        until=record.until,
        first_as_of=record.first_as_of,
        last_as_of=record.last_as_of,
        n_cycles=record.n_cycles,
        n_void=record.n_void,
        figures=[
            QuestionFigures.model_validate(asdict(figures))
            for figures in record.figures
            if model in (None, figures.model) and window in (None, figures.window) and kind in (None, figures.kind)
        ],
    )


def _head(about: Subject, *, words: str, notes: list[str]) -> dict[str, Any]:
    return {
        "source": about.source,
        "served": about.served,
        "at": about.at,
        "horizon_s": about.seconds,
        "forecast_id": about.forecast.id,
        "model": about.forecast.model,
        "spot": about.forecast.spot,
        "words": words,
        "notes": notes + about.notes,
    }


def _extended(about: Subject) -> list[str]:
    return [EXTENDED_NOTE] if about.seconds > DAY_S else []


def _range(about: Subject, paths: PathSet) -> Range:
    spot = about.forecast.spot
    decimals = price_decimals(spot)
    found = spread(paths, seconds=about.seconds, levels=_SHOWN)

    def price(estimate: Estimate) -> PriceEstimate:
        return PriceEstimate(price=round(spot * estimate.value, decimals), standard_error=spot * estimate.standard_error)

    def quantiles(shares: Floats) -> list[PriceQuantile]:
        prices = np.round(spot * shares, decimals).tolist()
        return [PriceQuantile(level=level, price=value) for level, value in zip(_SHOWN.tolist(), prices, strict=True)]

    high, low = price(found.high), price(found.low)
    words = (
        f"By {about.at} {about.symbol} is expected to reach up to {said_price(high.price, beside=spot)} "
        f"and down to {said_price(low.price, beside=spot)} on average."
    )
    return Range(
        **_head(about, words=words, notes=_extended(about)),
        high=high,
        low=low,
        width=price(found.width),
        high_quantiles=quantiles(found.high_quantiles),
        low_quantiles=quantiles(found.low_quantiles),
        n_paths=paths.n_paths,
    )


def _risk(about: Subject, sides: list[Side]) -> Risk:
    law, is_interpolated = law_at(about.forecast.distributions, about.seconds)
    spot = about.forecast.spot
    figures = []
    for side in sides:
        for level in RISK_LEVELS:
            found = risk(law, level=level, is_long=side is Side.LONG)
            worst = found.expected_shortfall_share
            figures.append(
                RiskFigure(
                    side=side,
                    level_percent=100 * level,
                    price=spot * math.exp(-found.value_at_risk if side is Side.LONG else found.value_at_risk),
                    value_at_risk=Loss(
                        log_return=found.value_at_risk, quote=spot * found.value_at_risk_share, standard_error=0.0
                    ),
                    expected_shortfall=Loss(
                        log_return=found.expected_shortfall,
                        quote=spot * worst if math.isfinite(worst) else None,
                        standard_error=0.0,
                    ),
                )
            )
    middle = next(figure for figure in figures if figure.level_percent == 95)
    verb = "bought" if middle.side is Side.LONG else "sold"
    loss = said_price(middle.value_at_risk.quote or 0, beside=spot)
    words = f"With 95 % confidence one unit of {about.symbol} {verb} at the spot loses no more than {loss} by {about.at}."
    return Risk(
        **_head(about, words=words, notes=[_RISK_NOTE] + ([INTERPOLATED_NOTE] if is_interpolated else [])),
        method="interpolated" if is_interpolated else "law",
        figures=figures,
    )


def _passage(about: Subject, paths: PathSet, level: float) -> FirstPassage:
    as_of, end = about.forecast.as_of, about.seconds
    # Evenly in the square root of time: as dense early on as the curve is steep.
    shares = np.arange(1, _N_POINTS + 1) / _N_POINTS
    instants = np.unique(np.append(np.round(end * shares**2 / BASE.seconds) * BASE.seconds, end))
    instants = instants[(instants > 0) & (instants <= end)]
    found = passage(paths, math.log(level / about.forecast.spot), seconds=instants.astype(np.float64), levels=_TIMES)
    probability = float(found.probabilities[-1])
    words = f"The probability that {about.symbol} touches {said_price(level)} by {about.at} is {said_share(probability)}"
    half = next((time for time in found.times if time.level == 0.5), None)
    if half is not None:
        words += f"; where it does, half of the time it has by {to_rfc3339(as_of + round(half.seconds.value))}"
    return FirstPassage(
        **_head(about, words=f"{words}.", notes=_extended(about)),
        level=level,
        probability=probability,
        standard_error=float(found.standard_errors[-1]),
        curve=[
            PassagePoint(at=to_rfc3339(as_of + int(seconds)), horizon_s=int(seconds), probability=value, standard_error=error)
            for seconds, value, error in zip(
                found.seconds.tolist(), found.probabilities.tolist(), found.standard_errors.tolist(), strict=True
            )
        ],
        times=[
            PassageTime(
                share_percent=100 * time.level,
                at=to_rfc3339(as_of + round(time.seconds.value)),
                horizon_s=round(time.seconds.value),
                standard_error_s=time.seconds.standard_error,
            )
            for time in found.times
        ],
        n_paths=paths.n_paths,
    )
