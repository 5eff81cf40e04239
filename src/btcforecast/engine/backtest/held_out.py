"""How a model did on the newest stretch of a history when fitted to what came before it: the scores of a model card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import HORIZONS, Calendar, Candles, Horizon
from btcforecast.engine.backtest.outcomes import log_returns
from btcforecast.engine.models.contract import Model
from btcforecast.engine.scoring import COVERAGES, score_many

HELD_OUT_DAYS: Final = 30
_HORIZONS: Final = tuple(horizon for horizon in HORIZONS if horizon.seconds <= 86400)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores at one horizon. crps_bps: mean, basis points; coverage: observed percent by nominal percent."""

    horizon: Horizon
    n: int
    crps_bps: float
    coverage: dict[int, float]


def held_out(model_class: type[Model], history: Candles, *, calendar: Calendar) -> tuple[HeldOut, ...]:
    """Return the scores of hourly forecasts over the last 30 days by a model that saw nothing of them, for horizons up to a day.

    Empty where what came before is too little for the model.
    """
    fitted_until = history.as_of - HELD_OUT_DAYS * 86400
    before = history.up_to(fitted_until)
    if len(before) < model_class.min_candles:
        return ()
    model = model_class.fit(before, calendar=calendar.known_at(fitted_until))
    model.schedule(calendar)
    following = history.since(model.as_of)
    closed_at = following.closed_at
    origins = closed_at[closed_at % 3600 == 0]
    quantiles, _ = model.walk(following, origins, _HORIZONS)
    outcomes = log_returns(history, origins, _HORIZONS)
    found = []
    for i, horizon in enumerate(_HORIZONS):
        scores = score_many(quantiles[:, i], outcomes[:, i])
        known = np.isfinite(scores.crps_bps)
        if known.any():
            coverage = {percent: round(100 * float(scores.covered[percent][known].mean()), 2) for percent in COVERAGES}
            found.append(HeldOut(horizon, int(known.sum()), round(float(scores.crps_bps[known].mean()), 4), coverage))
    return tuple(found)
