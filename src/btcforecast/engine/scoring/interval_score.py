"""Interval score: width, and a penalty for every miss."""

from __future__ import annotations

import numpy as np

from btcforecast.core import Floats
from btcforecast.engine.scoring.calibration import interval_ends


def interval_score(quantiles: Floats, outcomes: Floats, percent: int) -> Floats:
    """Return (u − l) + (2/α)(l − y)₊ + (2/α)(y − u)₊ for the central interval of `percent` = 100 (1 − α), in the outcomes' unit.

    Source: Gneiting and Raftery 2007, section 6.2, doi 10.1198/016214506000001437.
    """
    low, high = interval_ends(quantiles, percent)
    missed = np.maximum(low - outcomes, 0) + np.maximum(outcomes - high, 0)
    return np.asarray(high - low + 2 / (1 - percent / 100) * missed)
