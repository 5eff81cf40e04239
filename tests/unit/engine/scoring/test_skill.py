"""Skill with block-bootstrap intervals, and Diebold–Mariano."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from btcforecast.core.errors import InputError
from btcforecast.engine.scoring import diebold_mariano, paired_skill
from btcforecast.engine.scoring.diebold_mariano import long_run_variance, two_sided_p


def autocorrelated(rng: np.random.Generator, n: int, *, memory: float) -> np.ndarray:
    noise = rng.standard_normal(n)
    for i in range(1, n):
        noise[i] += memory * noise[i - 1]
    return noise * math.sqrt(1 - memory**2)


def test_skill_is_one_less_the_ratio_of_means():
    rng = np.random.default_rng(0)
    baseline = rng.gamma(2, 10, 500)
    found = paired_skill(0.9 * baseline, baseline, block_length=24)
    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert found.n == 500
    assert found.is_proven


def test_no_skill_is_not_proven():
    rng = np.random.default_rng(1)
    scores = rng.gamma(2, 10, 800)
    found = paired_skill(scores, scores[::-1], block_length=10)
    assert found.value == pytest.approx(0)
    assert found.low < 0 < found.high
    assert not found.is_proven


def test_the_same_seed_draws_the_same_interval():
    rng = np.random.default_rng(2)
    ours, theirs = rng.gamma(2, 10, 300), rng.gamma(2, 10, 300)
    assert paired_skill(ours, theirs, block_length=7, seed=5) == paired_skill(ours, theirs, block_length=7, seed=5)
    assert paired_skill(ours, theirs, block_length=7, seed=5) != paired_skill(ours, theirs, block_length=7, seed=6)


def test_intervals_hold_the_truth_about_as_often_as_they_say_even_when_errors_cluster():
    rng = np.random.default_rng(3)
    held = short = 0
    for _ in range(150):
        common = autocorrelated(rng, 1200, memory=0.9)
        ours = 10 + autocorrelated(rng, 1200, memory=0.9) + common
        found = paired_skill(ours, 10 + common, block_length=60, n_draws=300)
        naive = paired_skill(ours, 10 + common, block_length=1, n_draws=300)
        held += found.low <= 0 <= found.high
        short += naive.low <= 0 <= naive.high
    assert held / 150 > 0.85
    assert short / 150 < 0.6


def test_block_sums_are_those_of_a_slow_twin():
    rng = np.random.default_rng(4)
    ours, theirs = rng.gamma(2, 10, 50), rng.gamma(2, 10, 50)
    found = paired_skill(ours, theirs, block_length=8, n_draws=200, seed=9)
    starts = np.random.Generator(np.random.SFC64(9)).integers(0, 43, size=(200, 7))
    drawn = []
    for row in starts:
        chosen = np.concatenate([np.arange(start, start + 8) for start in row])
        drawn.append(1 - ours[chosen].mean() / theirs[chosen].mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_too_few_forecasts_have_no_interval():
    with pytest.raises(InputError, match="at least two blocks"):
        paired_skill(np.ones(10), np.ones(10), block_length=6)
    with pytest.raises(InputError, match="equal length"):
        paired_skill(np.ones(10), np.ones(9), block_length=2)
    with pytest.raises(InputError, match="equal length"):
        paired_skill(np.r_[np.ones(9), np.nan], np.ones(10), block_length=2)


def test_diebold_mariano_without_lags_is_a_paired_t_test():
    rng = np.random.default_rng(5)
    ours, theirs = rng.gamma(2, 10, 80), rng.gamma(2, 11, 80)
    found = diebold_mariano(ours, theirs, lag=0)
    t = stats.ttest_rel(ours, theirs)
    assert found.statistic == pytest.approx(float(t.statistic))
    assert found.p_value == pytest.approx(float(t.pvalue))


def test_diebold_mariano_rejects_about_as_often_as_it_says_when_errors_overlap():
    rng = np.random.default_rng(6)
    rejected = naive = 0
    for _ in range(400):
        # A moving sum of 12: what the errors of overlapping 12-step forecasts look like.
        difference = np.convolve(rng.standard_normal(611), np.ones(12), "valid")
        rejected += diebold_mariano(difference, np.zeros(600), lag=24).p_value < 0.05
        naive += diebold_mariano(difference, np.zeros(600), lag=0).p_value < 0.05
    assert rejected / 400 < 0.11
    assert naive / 400 > 0.4


def test_long_run_variance_is_that_of_a_slow_twin():
    x = np.random.default_rng(7).standard_normal(100)
    d = x - x.mean()
    slow = np.mean(d * d) + 2 * sum((1 - k / 6) * np.sum(d[k:] * d[:-k]) / 100 for k in range(1, 6))
    assert long_run_variance(x, lag=5) == pytest.approx(slow)


def test_identical_models_do_not_differ():
    scores = np.random.default_rng(8).gamma(2, 10, 60)
    found = diebold_mariano(scores, scores, lag=3)
    assert (found.statistic, found.p_value) == (0, 1)
    assert diebold_mariano(scores - 1, scores, lag=3).statistic < -100


@settings(max_examples=100, deadline=None)
@given(st.floats(-8, 8), st.integers(1, 9000))
def test_the_tail_of_students_t_is_scipys(statistic: float, n_free: int):
    size = abs(statistic)
    # Near zero scipy's own tail is rounded; there it is a straight line to within the cube of the statistic.
    expected = 2 * stats.t.sf(size, n_free) if size > 1e-4 else 1 - 2 * size * stats.t.pdf(0, n_free)
    assert two_sided_p(statistic, n_free) == pytest.approx(expected, abs=1e-11)


def test_the_tail_of_students_t_is_right_where_scipys_is_rounded():
    # One degree of freedom is the Cauchy law: p = 1 − 2/π · arctan |t|.
    assert two_sided_p(1.67e-9, 1) == pytest.approx(1 - 2 / np.pi * np.arctan(1.67e-9), abs=1e-15)


def test_a_lag_as_long_as_the_record_is_refused():
    with pytest.raises(InputError, match="lag"):
        diebold_mariano(np.ones(5), np.ones(5), lag=4)
