"""Gamma regression with a logarithmic link: the mean of a positive quantity, multiplied up by what each feature says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Floats

_N_STEPS = 8
_LARGEST_SURPRISE = 50.0
"""No single outcome pulls harder than one fifty times its expectation."""


@dataclass(frozen=True, slots=True, eq=False)
class LogLinear:
    """ln mean = intercept + coefficients · features, for several quantities at once; shapes (k,) and (k, n_features)."""

    intercepts: Floats
    coefficients: Floats

    def log_mean(self, features: Floats) -> Floats:
        """Return ln mean of each quantity for features of shape (n_features,) or (n, n_features); shape (k,) or (n, k)."""
        # No BLAS: the order of its sums depends on the machine.
        return np.asarray(np.einsum("kf,...f->...k", self.coefficients, features) + self.intercepts)

    def state(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Return the numbers as arrays under names that begin with `name`."""
        return {f"{name}_intercepts": self.intercepts, f"{name}_coefficients": self.coefficients}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]], name: str) -> Self:
        """Return the regression that `state` was taken from."""
        return cls(np.asarray(state[f"{name}_intercepts"], np.float64), np.asarray(state[f"{name}_coefficients"], np.float64))


def fit_gamma(features: Floats, outcomes: Floats, weights: Floats, *, ridge: float) -> LogLinear:
    """Return the regression of each column of `outcomes` on the features.

    features: shape (n, n_features); outcomes: shape (n, k), positive, NaN where unknown; weights: shape (n,); ridge: penalty of each squared
    coefficient of a standardised feature, in units of the weights' sum.

    Fisher scoring for the gamma family with log link (McCullagh and Nelder 1989, chapter 8): there the information X'WX does not depend on
    the coefficients, so one inverse serves every step.
    """
    found = [_fit_one(features, column, weights, ridge=ridge) for column in outcomes.T]
    return LogLinear(np.array([intercept for intercept, _ in found]), np.vstack([coefficients for _, coefficients in found]))


def _fit_one(features: Floats, outcome: Floats, weights: Floats, *, ridge: float) -> tuple[float, Floats]:
    known = np.isfinite(outcome)
    x, y, w = features[known], outcome[known], weights[known]
    center = np.average(x, axis=0, weights=w)
    spread = np.sqrt(np.average((x - center) ** 2, axis=0, weights=w))
    spread = np.where(spread > 1e-9, spread, np.inf)
    design = np.column_stack((np.ones(len(x)), (x - center) / spread))
    usual = max(float(np.average(y, weights=w)), 1e-12)
    penalty = np.full(design.shape[1], ridge * w.sum())
    penalty[0] = 0.0
    inverse = np.linalg.inv(design.T @ (w[:, None] * design) + np.diag(penalty))
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(usual)
    for _ in range(_N_STEPS):
        surprise = np.minimum(y * np.exp(-(design @ beta)) - 1, _LARGEST_SURPRISE)
        beta += inverse @ (design.T @ (w * surprise) - penalty * beta)
    coefficients = beta[1:] / spread
    return float(beta[0] - coefficients @ center), coefficients
