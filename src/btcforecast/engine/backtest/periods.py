"""Scores by month and by day."""

from __future__ import annotations

import numpy as np

from btcforecast.core import Floats, Ints


def monthly_means(as_of: Ints, values: Floats) -> dict[str, tuple[float, int]]:
    """Return the mean and number of the values by UTC month of their origin, such as 2025-03; missing values do not count."""
    return _means(as_of, values, "M")


def daily_means(as_of: Ints, values: Floats) -> dict[str, tuple[float, int]]:
    """Return the mean and number of the values by UTC day of their origin."""
    return _means(as_of, values, "D")


def _means(as_of: Ints, values: Floats, unit: str) -> dict[str, tuple[float, int]]:
    known = np.isfinite(values)
    periods = as_of[known].astype("datetime64[s]").astype(f"datetime64[{unit}]")
    names, which, n = np.unique(periods, return_inverse=True, return_counts=True)
    totals = np.bincount(which, weights=values[known], minlength=len(names))
    return {str(name): (float(total / count), int(count)) for name, total, count in zip(names, totals, n, strict=True)}
