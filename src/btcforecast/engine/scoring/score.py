"""Every score of a law at once: many laws as columns, one law as a `Score`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from btcforecast.core import Distribution, Floats, Score
from btcforecast.core.errors import InputError
from btcforecast.engine.scoring.calibration import COVERAGES, covered
from btcforecast.engine.scoring.crps import BPS, crps_located
from btcforecast.engine.scoring.interval_score import interval_score
from btcforecast.engine.scoring.located import locate, sigmoid
from btcforecast.engine.scoring.log_score import log_score_located


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The fields of `core.Score` as columns of shape (n,), NaN where the outcome is missing; covered holds 0 and 1."""

    crps_bps: Floats
    log_score: Floats
    pit: Floats
    covered: dict[int, Floats]
    interval_score_bps: dict[int, Floats]


def score_many(quantiles: Floats, outcomes: Floats) -> Scores:
    """Return the scores of laws of log returns; quantiles: shape (n, 105) at `LEVELS`, outcomes: shape (n,), NaN where missing."""
    at = locate(quantiles, outcomes)
    return Scores(
        crps_bps=crps_located(at) * BPS,
        log_score=log_score_located(at),
        pit=sigmoid(at.z),
        covered={percent: covered(quantiles, outcomes, percent) for percent in COVERAGES},
        interval_score_bps={percent: interval_score(quantiles, outcomes, percent) * BPS for percent in COVERAGES},
    )


def score(distribution: Distribution, log_return: float) -> Score:
    """Return how the law of a log return fared against its outcome."""
    if not np.isfinite(log_return):
        message = f"Only a finite log return can be scored; got {log_return}."
        raise InputError(message)
    found = score_many(distribution.quantiles[None, :], np.array([log_return]))
    return Score(
        crps_bps=float(found.crps_bps[0]),
        log_score=float(found.log_score[0]),
        pit=float(found.pit[0]),
        covered={percent: bool(column[0]) for percent, column in found.covered.items()},
        interval_score_bps={percent: float(column[0]) for percent, column in found.interval_score_bps.items()},
    )
