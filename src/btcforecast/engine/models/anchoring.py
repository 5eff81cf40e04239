"""Make simulated paths agree with published quantiles without changing how they move together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from btcforecast.core import Distribution, Floats, Horizon

_ROWS_AT_ONCE: Final = 24
"""A thousand paths over so many steps stay in a core's own cache."""


def anchor_paths(raw: Floats, laws: Mapping[Horizon, Distribution], clock: Floats) -> Floats:
    """Move the paths so that, at each horizon, they are the published law's evenly spaced quantiles, in the raw paths' order; return them.

    This is ensemble copula coupling (Schefzik, Thorarinsdottir and Gneiting 2013, doi:10.1214/13-STS443): ranks, and so dependence over time,
    come from the simulation and the law at each horizon from the quantiles. Between horizons a path's correction grows with the clock.

    raw: cumulative log returns, shape (n_steps + 1, n_paths), first row zero; changed in place, because copies of megabytes are what costs here.
    clock: increasing, shape (n_steps + 1,), such as the expected
    cumulative variance. Horizons beyond the paths are left out; after the last one the correction stays.
    """
    n_steps, n_paths = raw.shape[0] - 1, raw.shape[1]
    levels = (np.arange(n_paths) + 0.5) / n_paths
    previous_step, previous_shift = 0, np.zeros(n_paths)
    buffer = np.empty((_ROWS_AT_ONCE, n_paths))
    for horizon in sorted(h for h in laws if h.n_steps <= n_steps):
        step = horizon.n_steps
        shift = np.empty(n_paths)
        order = np.argsort(raw[step], kind="stable")
        shift[order] = laws[horizon].quantile(levels) - raw[step][order]
        growth = shift - previous_shift
        for begin in range(previous_step + 1, step + 1, _ROWS_AT_ONCE):
            part = slice(begin, min(begin + _ROWS_AT_ONCE, step + 1))
            share = (clock[part] - clock[previous_step]) / (clock[step] - clock[previous_step])
            correction = np.multiply(share[:, None], growth, out=buffer[: len(share)])
            correction += previous_shift
            raw[part] += correction
        previous_step, previous_shift = step, shift
    raw[previous_step + 1 :] += previous_shift
    return raw
