from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from btcforecast.core import HORIZONS, LEVELS, Horizon
from btcforecast.core.errors import InputError
from btcforecast.engine.models.laws import GRID, GRID_STEPS, Laws, distribution_at, fit_t, widening


def usual_laws(nu: float = 4.0) -> Laws:
    return Laws.of(np.zeros(len(GRID)), np.ones(len(GRID)), np.full(len(GRID), nu))


def test_a_fit_finds_the_t_law_that_outcomes_were_drawn_from():
    rng = np.random.default_rng(1)
    log_scale = rng.normal(-6, 0.5, 20_000)
    outcome = np.exp(0.3 + log_scale) * rng.standard_t(4, 20_000)
    level, nu, shrinkage = fit_t(outcome, log_scale, np.ones(20_000), prior=(0, 1), sd_level=np.inf, is_shrunk=False)
    assert np.isclose(level, 0.3, atol=0.03)
    assert np.isclose(nu, 4, rtol=0.1)
    assert shrinkage == 1


def test_a_fit_finds_how_far_the_scale_returns_to_its_usual_level():
    rng = np.random.default_rng(2)
    log_scale = rng.normal(-6, 0.5, 20_000)
    outcome = np.exp(-3 + 0.5 * log_scale) * rng.standard_t(5, 20_000)
    level, _, shrinkage = fit_t(outcome, log_scale, np.ones(20_000), prior=(0.3, 1.6), sd_level=1, is_shrunk=True)
    assert np.isclose(shrinkage, 0.5, atol=0.05)
    assert np.isclose(level, -3, atol=0.4)


def test_without_outcomes_the_prior_stands():
    none = np.empty(0)
    assert fit_t(none, none, none, prior=(0.2, np.log(4)), sd_level=0.2, is_shrunk=True) == pytest.approx((0.2, 4, 1))


def test_a_law_has_the_quantiles_of_a_scaled_t():
    spreads = widening(usual_laws().widths(0.001 * np.sqrt(GRID_STEPS)))
    found = distribution_at(spreads, Horizon(3600)).quantiles
    expected = stats.t.ppf(LEVELS, 4) * 0.001 * np.sqrt(12)
    assert np.allclose(found, expected, atol=1e-9)


def test_after_a_storm_a_longer_horizon_is_never_narrower():
    scales = 0.001 * np.sqrt(GRID_STEPS)
    scales[4] *= 10
    spreads = widening(usual_laws().widths(scales))
    assert np.all(np.diff(spreads, axis=0) > 0)


@settings(deadline=None)
@given(st.integers(1, 30 * 288 - 1))
def test_laws_between_the_published_horizons_widen_with_every_step(steps: int):
    spreads = widening(usual_laws().widths(0.001 * np.sqrt(GRID_STEPS)))
    near, far = (distribution_at(spreads, Horizon(300 * n)).quantiles for n in (steps, steps + 1))
    assert np.all(far[53:] > near[53:])
    assert np.allclose(near, -near[::-1])


def test_beyond_the_longest_horizon_nothing_is_said():
    with pytest.raises(InputError, match="at most 30d"):
        distribution_at(widening(usual_laws().widths(np.sqrt(GRID_STEPS))), Horizon(HORIZONS[-1].seconds + 300))


def test_laws_survive_their_state():
    laws = usual_laws(3.3)
    again = Laws.from_state(laws.state())
    assert np.array_equal(again.unit, laws.unit)


def test_a_fit_is_the_maximum_of_the_plain_likelihood():
    rng = np.random.default_rng(3)
    log_scale, weight = rng.normal(-6, 0.4, 3000), rng.random(3000)
    outcome = np.exp(-2 + 0.7 * log_scale) * rng.standard_t(3.5, 3000)
    found = fit_t(outcome, log_scale, weight, prior=(-0.2, 1.2), sd_level=0.2, is_shrunk=True)
    usual = np.average(log_scale, weights=weight)

    def slow_cost(level: float, nu: float, shrinkage: float) -> float:
        density = stats.t.logpdf(outcome, nu, scale=np.exp(level + shrinkage * log_scale))
        pulls = [(level + (shrinkage - 1) * usual + 0.2) / 0.2, (np.log(nu) - 1.2) / 0.5, (shrinkage - 0.6) / 0.3]
        return 0.5 * float(np.square(pulls).sum()) - float(weight @ density)

    least = slow_cost(*found)
    for i, nudge in ((0, 0.01), (1, 0.05), (2, 0.002)):
        for sign in (-1, 1):
            near = list(found)
            near[i] += sign * nudge
            assert slow_cost(*near) > least
