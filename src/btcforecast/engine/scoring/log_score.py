"""Logarithmic score: how much density the law put where the outcome fell."""

from __future__ import annotations

import numpy as np

from btcforecast.core import Floats
from btcforecast.engine.scoring.located import Located, locate, softplus


def log_score(quantiles: Floats, outcomes: Floats) -> Floats:
    """Return −ln f(y) in nats for each row, y being a log return; smaller is better. Source: Good 1952.

    With z the logit of the cdf and w = dQ/dz in the outcome's segment, f = F (1 − F) / w. The density steps at the grid's quantiles;
    an outcome on one of them belongs to the segment above it.
    """
    return log_score_located(locate(quantiles, outcomes))


def log_score_located(at: Located) -> Floats:
    """Return the log score of outcomes that are already placed in their laws."""
    return np.asarray(softplus(at.z) + softplus(-at.z) + np.log(at.slope))
