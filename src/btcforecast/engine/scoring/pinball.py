"""Pinball loss: the proper score of single quantiles."""

from __future__ import annotations

import numpy as np

from btcforecast.core import LEVELS, Floats


def pinball(quantiles: Floats, outcomes: Floats, *, levels: Floats = LEVELS) -> Floats:
    """Return (y − q)(p − 1{y < q}) for each outcome and level, shape (n, n_levels).

    quantiles: shape (n, n_levels). Source: Koenker and Bassett 1978, doi 10.2307/1913643. Twice its integral over all levels is the CRPS.
    """
    error = outcomes[:, None] - quantiles
    return np.asarray(np.maximum(levels * error, (levels - 1) * error))
