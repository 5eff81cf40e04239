"""Gamma regression: finds what made the data, against a slow twin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from btcforecast.engine.models.regression import LogLinear, fit_gamma


def made(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3)) * [1.0, 2.0, 0.5] + [0.0, 3.0, -1.0]
    mean = np.exp(x @ [0.5, -0.2, 0.1] - 7)
    return x, rng.gamma(2.0, mean / 2), rng.uniform(0.5, 1, n)


def test_coefficients_that_made_the_data_are_found():
    x, y, w = made(20_000, 1)
    found = fit_gamma(x, y[:, None], w, ridge=0.0)
    assert found.coefficients[0] == pytest.approx([0.5, -0.2, 0.1], abs=0.02)
    assert found.intercepts[0] == pytest.approx(-7, abs=0.1)


@pytest.mark.parametrize("ridge", [0.0, 0.01, 0.3])
def test_it_maximises_the_penalised_likelihood(ridge: float):
    x, y, w = made(500, 2)
    center, spread = (
        np.average(x, axis=0, weights=w),
        np.sqrt(np.average((x - np.average(x, axis=0, weights=w)) ** 2, axis=0, weights=w)),
    )
    z = (x - center) / spread

    def cost(beta: np.ndarray) -> float:
        log_mean = beta[0] + z @ beta[1:]
        return float(np.sum(w * (y * np.exp(-log_mean) + log_mean)) + 0.5 * ridge * w.sum() * np.sum(beta[1:] ** 2))

    slow = minimize(cost, np.r_[np.log(y.mean()), np.zeros(3)], method="BFGS", options={"gtol": 1e-8}).x
    found = fit_gamma(x, y[:, None], w, ridge=ridge)
    assert found.coefficients[0] * spread == pytest.approx(slow[1:], abs=1e-4)


def test_unknown_outcomes_and_constant_features_do_no_harm():
    x, y, w = made(5000, 3)
    x = np.column_stack((x, np.full(len(x), 4.0)))
    both = np.column_stack((y, np.where(np.arange(len(y)) < 4500, y, np.nan)))
    found = fit_gamma(x, both, w, ridge=0.01)
    assert np.all(np.isfinite(found.coefficients))
    assert np.all(found.coefficients[:, 3] == 0)
    assert found.coefficients[1] == pytest.approx(found.coefficients[0], abs=0.05)


def test_one_row_and_many_say_the_same():
    x, y, w = made(200, 4)
    found = fit_gamma(x, y[:, None], w, ridge=0.01)
    again = LogLinear.from_state(found.state("near"), "near")
    assert again.log_mean(x)[7] == pytest.approx(found.log_mean(x[7]))
