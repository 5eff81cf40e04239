"""CRPS, pinball, log score, PIT, coverage and interval score of laws given as quantiles."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scoringrules as sr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from btcforecast.core import LEVELS, Distribution
from btcforecast.core.errors import InputError
from btcforecast.engine import scoring

BPS = 10_000


def law(kind: stats.rv_continuous, scale: float = 0.01) -> Distribution:
    return Distribution(kind.ppf(LEVELS) * scale)


@st.composite
def laws(draw: st.DrawFn) -> Distribution:
    steps = draw(st.lists(st.floats(1e-5, 0.02), min_size=104, max_size=104))
    return Distribution(draw(st.floats(-0.1, 0.1)) + np.r_[0, np.cumsum(steps)])


def crps_by_integration(d: Distribution, y: float) -> float:
    def gap(x: float) -> float:
        return float(d.cdf(x) - (x >= y)) ** 2

    reach = 40 * float(d.quantiles[-1] - d.quantiles[0])
    knots = sorted({*d.quantiles.tolist(), y})
    inner = sum(integrate.quad(gap, a, b)[0] for a, b in itertools.pairwise(knots))
    low = integrate.quad(gap, knots[0] - reach, knots[0], limit=500)[0]
    return low + inner + integrate.quad(gap, knots[-1], knots[-1] + reach, limit=500)[0]


@pytest.mark.parametrize("log_return", [-0.3, -0.0717, -0.01, 0.0, 0.0001, 0.013, 0.08])
def test_crps_is_the_integral_over_the_published_law(log_return: float):
    d = law(stats.t(4))
    assert scoring.score(d, log_return).crps_bps == pytest.approx(BPS * crps_by_integration(d, log_return), rel=1e-9)


def test_crps_on_a_quantile_and_beyond_the_grid_has_no_seam():
    d = law(stats.norm)
    for place in (d.quantiles[0], d.quantiles[52], d.quantiles[-1]):
        around = [scoring.score(d, float(place) + shift).crps_bps for shift in (-1e-9, 0.0, 1e-9)]
        assert np.ptp(around) < 1e-4


@pytest.mark.parametrize("log_return", [-0.05, -0.01, 0.0, 0.002, 0.03])
def test_crps_of_fine_laws_is_that_of_scoringrules(log_return: float):
    assert scoring.score(law(stats.norm), log_return).crps_bps / BPS == pytest.approx(
        sr.crps_normal(log_return, 0, 0.01), rel=5e-4
    )
    assert scoring.score(law(stats.t(4)), log_return).crps_bps / BPS == pytest.approx(sr.crps_t(log_return, 4, 0, 0.01), rel=5e-4)
    # The logistic law is linear on the logit scale, so nothing is lost between or beyond the quantiles.
    assert scoring.score(law(stats.logistic), log_return).crps_bps / BPS == pytest.approx(
        sr.crps_logistic(log_return, 0, 0.01), rel=1e-10
    )


@settings(max_examples=60, deadline=None)
@given(laws(), st.floats(-0.5, 1.5), st.floats(0.1, 10))
def test_crps_scales_and_shifts_with_the_unit(d: Distribution, log_return: float, factor: float):
    plain = scoring.crps(d.quantiles[None], np.array([log_return]))[0]
    moved = scoring.crps(factor * d.quantiles[None] + 3, np.array([factor * log_return + 3]))[0]
    assert moved == pytest.approx(factor * plain, rel=1e-6, abs=1e-12)
    assert plain > 0


@settings(max_examples=30, deadline=None)
@given(laws())
def test_the_law_itself_has_the_best_expected_scores(d: Distribution):
    outcomes = d.quantile((np.arange(2000) + 0.5) / 2000)
    centre = d.median
    for wrong in (
        d.quantiles + 0.3 * np.ptp(d.quantiles),
        centre + 1.5 * (d.quantiles - centre),
        centre + 0.6 * (d.quantiles - centre),
    ):
        for rule in (scoring.crps, scoring.log_score):
            own = rule(np.tile(d.quantiles, (2000, 1)), outcomes).mean()
            assert own < rule(np.tile(wrong, (2000, 1)), outcomes).mean()


def test_twice_the_mean_pinball_over_many_levels_is_the_crps():
    d = law(stats.t(3))
    levels = (np.arange(20_000) + 0.5) / 20_000
    for y in (-0.04, 0.001, 0.02):
        losses = scoring.pinball(d.quantile(levels)[None], np.array([y]), levels=levels)
        assert 2 * losses.mean() == pytest.approx(scoring.score(d, y).crps_bps / BPS, rel=1e-4)


def test_pinball_is_that_of_scoringrules():
    d = law(stats.norm)
    ours = scoring.pinball(np.tile(d.quantiles, (3, 1)), np.array([-0.02, 0.0, 0.05]))
    theirs = [[sr.quantile_score(y, q, p) for q, p in zip(d.quantiles, LEVELS, strict=True)] for y in (-0.02, 0.0, 0.05)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(laws(), st.floats(-0.3, 1.2))
def test_log_score_is_the_slope_of_the_cdf(d: Distribution, log_return: float):
    nearest = np.min(np.abs(d.quantiles - log_return))
    step = 1e-8
    if nearest < 10 * step or not 1e-4 < float(d.cdf(log_return)) < 1 - 1e-4:
        return
    slope = (d.cdf(log_return + step) - d.cdf(log_return - step)) / (2 * step)
    assert scoring.score(d, log_return).log_score == pytest.approx(-np.log(slope), abs=1e-2)


def test_densities_integrate_to_one():
    d = law(stats.t(5))
    x = np.linspace(-0.6, 0.6, 400_001)
    density = np.exp(-scoring.log_score(np.tile(d.quantiles, (len(x), 1)), x))
    assert integrate.trapezoid(density, x) == pytest.approx(1, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(laws(), st.floats(-2, 4))
def test_pit_is_the_cdf(d: Distribution, log_return: float):
    assert scoring.score(d, log_return).pit == pytest.approx(float(d.cdf(log_return)), rel=1e-9, abs=1e-15)


@settings(max_examples=60, deadline=None)
@given(laws(), st.floats(-0.3, 1.5), st.sampled_from(scoring.COVERAGES))
def test_intervals_are_those_of_the_law(d: Distribution, log_return: float, percent: int):
    low, high = d.interval(percent / 100)
    found = scoring.score(d, log_return)
    if min(abs(log_return - low), abs(log_return - high)) > 1e-9:
        assert found.covered[percent] == (low <= log_return <= high)
    theirs = float(sr.interval_score(log_return, low, high, 1 - percent / 100))
    assert found.interval_score_bps[percent] / BPS == pytest.approx(theirs, rel=1e-7)


def test_the_end_of_an_interval_belongs_to_it():
    d = law(stats.norm)
    for percent in scoring.COVERAGES:
        low, high = scoring.interval_ends(d.quantiles[None], percent)
        assert scoring.covered(d.quantiles[None], low, percent)[0] == 1
        assert scoring.covered(d.quantiles[None], high, percent)[0] == 1


def test_many_laws_score_as_one_by_one():
    rng = np.random.default_rng(0)
    quantiles = np.cumsum(rng.uniform(1e-5, 1e-3, (40, 105)), axis=1) - 0.02
    outcomes = rng.normal(0, 0.05, 40)
    many = scoring.score_many(quantiles, outcomes)
    for i, (row, y) in enumerate(zip(quantiles, outcomes, strict=True)):
        one = scoring.score(Distribution(row), float(y))
        assert (one.crps_bps, one.log_score, one.pit) == pytest.approx(
            (many.crps_bps[i], many.log_score[i], many.pit[i]), rel=1e-12
        )
        assert {percent: float(inside) for percent, inside in one.covered.items()} == {p: c[i] for p, c in many.covered.items()}


@pytest.mark.filterwarnings("error")
def test_a_missing_outcome_has_no_score():
    quantiles = np.tile(law(stats.norm).quantiles, (2, 1))
    found = scoring.score_many(quantiles, np.array([np.nan, 0.01]))
    for column in (found.crps_bps, found.log_score, found.pit, *found.covered.values(), *found.interval_score_bps.values()):
        assert np.isnan(column[0])
        assert np.isfinite(column[1])


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(InputError, match="finite"):
        scoring.score(law(stats.norm), float("nan"))
    with pytest.raises(InputError, match="105"):
        scoring.crps(np.zeros((3, 99)), np.zeros(3))


def test_qlike_is_least_at_the_realised_variance():
    variance = np.linspace(0.2, 3, 2801)
    loss = scoring.qlike(variance, np.ones_like(variance))
    assert variance[np.argmin(loss)] == pytest.approx(1)
    assert loss.min() == pytest.approx(0)
    assert scoring.qlike(np.array([2.0]), np.array([0.5]))[0] == pytest.approx(0.25 - np.log(0.25) - 1)
