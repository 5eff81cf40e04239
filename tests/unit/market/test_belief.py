from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import Candles
from btcforecast.market.belief import judge

START = 1_700_000_100


def walk(n: int, *, factor: float = 1.0, sigma: float = 0.001) -> Candles:
    close = 40_000 * np.exp(np.cumsum(np.random.default_rng(1).standard_normal(n) * sigma)) * factor
    opened = np.r_[40_000 * factor, close[:-1]]
    at = START + 300 * np.arange(n)
    return Candles(at, opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(n))


KNOWN = walk(400)


def lent(factor: float, *, first: int = 376, last: int = 460) -> Candles:
    return walk(500, factor=factor)[first:last]


@pytest.mark.parametrize("factor", [1.0, 1.004, 0.996])
def test_venues_differ_a_little_and_are_believed(factor: float):
    assert judge(lent(factor), KNOWN).is_believed


@settings(deadline=None)
@given(st.floats(0.01, 100).filter(lambda factor: abs(np.log(factor)) > 0.02))
def test_closes_that_are_off_are_not_believed(factor: float):
    verdict = judge(lent(factor), KNOWN)
    assert not verdict.is_believed
    assert verdict.offset == pytest.approx(np.log(factor), rel=0.01)


def test_without_common_candles_the_first_price_must_meet_the_last_known_one():
    assert judge(lent(1.0, first=400), KNOWN).is_believed
    verdict = judge(lent(1.05, first=400), KNOWN)
    assert "first price is" in verdict.reason


def test_the_longer_the_silence_the_further_the_price_may_have_gone():
    assert not judge(lent(1.05, first=401), KNOWN).is_believed
    assert judge(walk(900, factor=1.05)[800:], KNOWN).is_believed


def test_a_calm_market_still_leaves_room_for_venues_to_differ():
    calm = walk(400, sigma=0.00001)
    assert judge(walk(500, factor=1.005, sigma=0.00001)[376:], calm).is_believed


def test_a_wild_market_widens_the_bound():
    wild = walk(400, sigma=0.01)
    assert judge(walk(500, factor=1.03, sigma=0.01)[376:460], wild).is_believed


def test_nothing_known_means_nothing_believed():
    assert not judge(lent(1.0), Candles.empty()).is_believed


def test_nothing_new_does_no_harm():
    assert judge(lent(1.0, last=400), KNOWN).is_believed
