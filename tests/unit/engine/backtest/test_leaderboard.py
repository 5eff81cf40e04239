from __future__ import annotations

import numpy as np
import pytest

from btcforecast.core import LEVELS
from btcforecast.engine.backtest import rank_laws, rank_paths, ratio
from btcforecast.engine.scoring import Scores, score_many

HOUR, DAY = 3600, 86400


@pytest.fixture
def scores() -> dict[str, Scores]:
    """Logistic laws for logistic outcomes: one right, one twice as wide; 60 days, hourly."""
    rng = np.random.default_rng(0)
    n = 60 * 24
    outcomes = rng.logistic(0, 0.01, n)
    right = np.log(LEVELS / (1 - LEVELS)) * 0.01
    return {name: score_many(np.tile(right * factor, (n, 1)), outcomes) for name, factor in (("wide", 2), ("right", 1))}


def test_the_best_comes_first_with_its_ratio_and_coverage(scores: dict[str, Scores]):
    first, second = rank_laws(scores, baselines=("wide",), every_s=HOUR, horizon_s=HOUR)
    assert (first.model, second.model, first.n) == ("right", "wide", 1440)
    against = first.ratios["wide"]
    assert against.value == pytest.approx(first.score_bps / second.score_bps)
    assert against.low is not None
    assert against.high is not None
    assert against.low < against.value < against.high < 1
    assert against.p_value is not None
    assert against.p_value < 0.01
    assert second.ratios == {}
    for percent, held in first.coverage.items():
        assert held == pytest.approx(percent, abs=4)
    assert first.mean_pit == pytest.approx(0.5, abs=0.03)
    assert first.log_score is not None
    assert second.log_score is not None
    assert first.log_score < second.log_score


def test_models_are_compared_on_the_outcomes_that_all_of_them_have(scores: dict[str, Scores]):
    scores["right"].crps_bps[:100] = np.nan
    places = rank_laws(scores, baselines=("wide",), every_s=HOUR, horizon_s=HOUR)
    assert {place.n for place in places} == {1340}


def test_too_short_a_record_has_a_ratio_and_no_interval():
    found = ratio(np.full(100, 9.0), np.full(100, 10.0), every_s=HOUR, horizon_s=DAY)
    assert (found.value, found.low, found.high, found.p_value) == (0.9, None, None, None)
    assert (found.n_blocks, found.verdict) == (0, "too_few")


@pytest.mark.parametrize(("n_weeks", "verdict"), [(9, "too_few"), (10, "better")])
def test_fewer_than_ten_blocks_prove_nothing_whatever_the_interval(n_weeks: int, verdict: str):
    shared = np.random.default_rng(3).gamma(2, 10, n_weeks * 7 * 24)
    found = ratio(shared, shared + 1, every_s=HOUR, horizon_s=DAY)
    assert found.high is not None
    assert found.high < 1
    assert (found.n_blocks, found.verdict) == (n_weeks, verdict)
    worse = ratio(shared + 1, shared, every_s=HOUR, horizon_s=DAY)
    assert worse.verdict == verdict.replace("better", "worse")
    assert ratio(shared, shared[::-1], every_s=HOUR, horizon_s=DAY).verdict == verdict.replace("better", "unproven")


def test_intervals_of_long_horizons_use_longer_blocks():
    rng = np.random.default_rng(1)
    slow = 10 + np.repeat(rng.standard_normal(12), 30)
    narrow, wide = (ratio(slow, np.full(360, 10.0), every_s=DAY, horizon_s=days * DAY) for days in (1, 30))
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert wide.high - wide.low > narrow.high - narrow.low


def test_no_outcome_makes_no_place():
    nothing = score_many(np.tile(np.linspace(-1, 1, 105), (5, 1)), np.full(5, np.nan))
    assert rank_laws({"a": nothing}, baselines=(), every_s=HOUR, horizon_s=HOUR) == ()


def test_paths_rank_by_their_total():
    totals = {"a": np.array([3.0, 4.0, np.nan]), "b": np.array([2.0, 3.0, 1.0])}
    first, second = rank_paths(totals, baselines=("a",), every_s=HOUR)
    assert (first.model, first.n, first.score_bps) == ("b", 2, 2.5)
    assert second.score_bps == 3.5
