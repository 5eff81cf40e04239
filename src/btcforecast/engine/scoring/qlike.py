"""QLIKE: the loss for variance forecasts that stays right when variance is only seen through a noisy proxy."""

from __future__ import annotations

import numpy as np

from btcforecast.core import Floats


def qlike(variance: Floats, realised_variance: Floats) -> Floats:
    """Return RV/σ² − ln(RV/σ²) − 1: zero when the forecast is the realised variance, dearer for too little than for too much.

    Both are of the same span and positive. Source: Patton 2011, doi 10.1016/j.jeconom.2010.03.034.
    """
    ratio = realised_variance / variance
    return np.asarray(ratio - np.log(ratio) - 1)
