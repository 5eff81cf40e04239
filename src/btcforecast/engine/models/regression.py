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
_LEAST_SPREAD = 1e-9
_LEAST_MEAN = 1e-12


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
    the coefficients, so one inverse serves every step; it serves every quantity, too, because what is unknown of some is little.
    """
    known = np.isfinite(outcomes)
    total = weights.sum()
    center = weights @ features / total
    spread = np.sqrt(weights @ (features - center) ** 2 / total)
    # A feature that never changes says nothing.
    spread = np.where(spread > _LEAST_SPREAD, spread, np.inf)
    design = np.ones((len(features), features.shape[1] + 1))
    design[:, 1:] = (features - center) / spread
    y, w = np.where(known, outcomes, 0.0), np.where(known, weights[:, None], 0.0)
    penalty = np.full((design.shape[1], 1), ridge * total)
    penalty[0] = 0.0
    inverse = np.linalg.inv(design.T @ (weights[:, None] * design) + np.diag(penalty[:, 0]))
    beta = np.zeros((design.shape[1], outcomes.shape[1]))
    beta[0] = np.log(np.maximum((w * y).sum(axis=0) / np.maximum(w.sum(axis=0), _LEAST_SPREAD), _LEAST_MEAN))
    for _ in range(_N_STEPS):
        surprise = np.minimum(y * np.exp(-(design @ beta)) - 1, _LARGEST_SURPRISE)
        beta += inverse @ (design.T @ (w * surprise) - penalty * beta)
    coefficients = (beta[1:] / spread[:, None]).T
    return LogLinear(beta[0] - coefficients @ center, coefficients)
