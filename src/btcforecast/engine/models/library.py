"""A library of real days: standardised 24-hour paths of the past year, from which price paths are made without a random generator.

Only whole days keep the way in which real five-minute returns hang together: volatility within the day, bounces, jumps and calm.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Floats, Ints

N_STRATA: Final = 500
N_LEADS: Final = 288
GROUP_ENDS: Final = (1, 2, 4, 6, 12, 24, 36, 72, 144, 216, 288)
"""The last lead, in candles, of each group whose standardised returns share one law."""
_MISSING_ALLOWED: Final = 0.05

Library = NDArray[np.float32]
"""Standardised returns, leads first, calmest path first, shape (288, 500); each path's mirror image belongs to it."""


def build_library(days: Floats) -> Library:
    """Return the library made from standardised day paths, shape (n_days, 288), NaN where a candle is missing.

    Sorted by mean absolute value, one from the middle of each of 500 strata; then at each lead the absolute values are replaced, rank by
    rank, by evenly spaced quantiles of all absolute values of the lead's group. With its mirror image the library is symmetric.
    """
    missing = np.isnan(days).mean(axis=1)
    enough = np.partition(missing, min(N_STRATA, len(missing)) - 1)[min(N_STRATA, len(missing)) - 1]
    size = np.abs(days[missing <= max(_MISSING_ALLOWED, enough)])
    sign = np.sign(days[missing <= max(_MISSING_ALLOWED, enough)])
    order = np.argsort(np.nanmean(size, axis=1), kind="stable")
    chosen = order[((np.arange(N_STRATA) + 0.5) * len(order) / N_STRATA).astype(np.int64)]
    # A missing candle takes the rank of a calm one.
    ranks = np.argsort(np.argsort(np.nan_to_num(size[chosen]), axis=0, kind="stable"), axis=0)
    signs = np.where(np.nan_to_num(sign[chosen]) < 0, -1.0, 1.0)
    library = np.empty((N_LEADS, N_STRATA), np.float32)
    begin = 0
    for end in GROUP_ENDS:
        pooled = size[:, begin:end]
        values = np.quantile(pooled[np.isfinite(pooled)], (np.arange(N_STRATA) + 0.5) / N_STRATA)
        library[begin:end] = (signs[:, begin:end] * values[ranks[:, begin:end]]).T
        begin = end
    return library


def draw(library: Library, steps: Floats, rng: np.random.Generator, *, scales: Floats) -> None:
    """Fill `steps`, shape (288, n_paths), with the returns of paths in random order, each beside its mirror image.

    scales: of each step, shape (288,).

    Up to 1,000 are the library itself or an even selection of it. Beyond, further days are spliced: the morning of one and the rest of
    another that is about as lively.
    """
    n_paths = steps.shape[1]
    n_half = (n_paths + 1) // 2
    if n_half <= N_STRATA:
        half = library if n_half == N_STRATA else library[:, ((np.arange(n_half) + 0.5) * N_STRATA / n_half).astype(np.int64)]
    else:
        first = np.arange(n_half) % N_STRATA
        half = library.take(first, axis=1)
        spliced = np.arange(N_STRATA, n_half)
        other = np.clip(first[spliced] + rng.integers(-25, 26, len(spliced)), 0, N_STRATA - 1)
        is_rest = np.arange(N_LEADS)[:, None] >= rng.integers(1, N_LEADS, len(spliced))
        turn = rng.choice(np.array([-1.0, 1.0], np.float32), len(spliced))
        half[:, N_STRATA:] = np.where(is_rest, library[:, other] * turn, half[:, N_STRATA:])
    order = rng.permutation(2 * n_half)[:n_paths] if n_paths == 2 * n_half else np.arange(n_paths)
    # In place: what is allocated and freed with each call, the system gives and takes page by page, which costs more than the sums.
    drawn = half.take(order % n_half, axis=1)
    drawn *= np.where(order < n_half, np.float32(1), np.float32(-1))
    np.multiply(drawn, scales[:, None], out=steps)


def on_grid(opened_at: Ints, values: Floats) -> Floats:
    """Return the values laid out one per five minutes from the first candle to the last, NaN where a candle is missing."""
    grid = np.full(int(opened_at[-1] - opened_at[0]) // 300 + 1, np.nan)
    grid[(opened_at - opened_at[0]) // 300] = values
    return grid
