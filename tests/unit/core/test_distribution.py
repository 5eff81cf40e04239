from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import LEVELS, Distribution
from btcforecast.core.distribution import publish_many
from btcforecast.core.errors import InputError

laws = st.tuples(st.floats(-0.1, 0.1), st.floats(1e-4, 1), st.integers(2, 30)).map(
    lambda p: Distribution.from_samples(p[0] + p[1] * np.random.default_rng(p[2]).standard_t(p[2], 2000)),
)


@given(laws, st.floats(1e-9, 1 - 1e-9))
def test_cdf_undoes_quantile_even_beyond_the_grid(law: Distribution, level: float):
    assert law.cdf(law.quantile(level)) == pytest.approx(level, rel=1e-6, abs=1e-12)


@given(laws, st.floats(-3, 3), st.floats(-3, 3))
def test_probability_above_falls_as_the_value_rises(law: Distribution, one: float, other: float):
    low, high = sorted((one, other))
    assert 0 <= law.probability_above(high) <= law.probability_above(low) <= 1


@given(laws)
def test_rounding_keeps_quantiles_increasing_and_moves_them_little(law: Distribution):
    rounded = law.rounded()
    assert np.all(np.diff(rounded.quantiles) > 0)
    assert np.max(np.abs(rounded.quantiles - law.quantiles)) < 2e-6
    assert rounded.rounded().quantiles.tolist() == rounded.quantiles.tolist()


@given(laws)
def test_samples_follow_the_law(law: Distribution):
    draws = law.sample(4000, np.random.default_rng(1))
    assert np.mean(draws <= law.median) == pytest.approx(0.5, abs=0.05)
    low, high = law.interval(0.9)
    assert np.mean((draws >= low) & (draws <= high)) == pytest.approx(0.9, abs=0.03)


def test_ties_in_samples_are_parted():
    assert np.all(np.diff(Distribution.from_samples(np.zeros(100)).rounded().quantiles) > 0)


@pytest.mark.parametrize("quantiles", [np.zeros(105), np.arange(104.0), np.r_[np.arange(104.0), np.nan]])
def test_what_is_no_law_is_refused(quantiles: np.ndarray):
    with pytest.raises(InputError, match="strictly increasing"):
        Distribution(quantiles)


def test_levels_reach_from_a_tenth_of_a_percent_to_its_mirror():
    assert LEVELS[0] == 0.001
    assert LEVELS[-1] == 0.999
    assert np.allclose(LEVELS + LEVELS[::-1], 1)


def test_many_laws_are_published_as_each_alone():
    rng = np.random.default_rng(3)
    # Spreads from coarse to so fine that rounding makes ties.
    laws = np.cumsum(rng.uniform(0.1, 1, (3, 5, 105)), axis=-1) * 10.0 ** -np.array([2, 5, 7, 8, 9])[:, None]
    published = publish_many(laws)
    for i in np.ndindex(3, 5):
        np.testing.assert_array_equal(published[i], Distribution(laws[i]).rounded().quantiles)
    for bad in (np.nan, np.inf, -1.0):
        broken = laws.copy()
        broken[1, 2, 104] = bad
        with pytest.raises(InputError, match="strictly increasing"):
            publish_many(broken)
