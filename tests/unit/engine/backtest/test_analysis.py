"""What the report computes from finished scores: regimes, variances, confidence sets, periods."""

from __future__ import annotations

import numpy as np
import pytest

from btcforecast.core import Candles, Horizon
from btcforecast.engine.backtest import (
    Plan,
    confidence_set,
    daily_means,
    monthly_means,
    past_day_volatility,
    realised_variances,
    terciles,
    variance_losses,
)
from btcforecast.engine.backtest.plan import batches
from btcforecast.engine.backtest.variances import corrected_variances
from btcforecast.engine.scoring import ensemble_pit

START = 1735689600
HOUR, DAY = 3600, 86400
COLUMNS = ("opened_at", "open", "high", "low", "close", "volume")


def market(n_days: int, *, seed: int = 0) -> Candles:
    """Candles whose volatility changes every week."""
    rng = np.random.default_rng(seed)
    n = 288 * n_days
    size = np.repeat(rng.uniform(0.3, 3, n // 2016 + 1), 2016)[:n] * 1e-3
    close = 90_000 * np.exp(np.cumsum(rng.standard_normal(n) * size))
    opened = np.r_[90_000, close[:-1]]
    return Candles(START + 300 * np.arange(n), opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(n))


def without(candles: Candles, *rows: int) -> Candles:
    keep = ~np.isin(np.arange(len(candles)), rows)
    return Candles(*(getattr(candles, name)[keep] for name in COLUMNS))


def test_realised_variance_is_the_sum_of_squares_and_a_missing_candle_leaves_none():
    candles = without(market(4), 400)
    origins = START + np.array([DAY, DAY + HOUR, 2 * DAY, 3 * DAY + 23 * HOUR])
    found = realised_variances(candles, origins, (Horizon(HOUR), Horizon(DAY)))
    prices = dict(zip(candles.closed_at.tolist(), candles.close.tolist(), strict=True))
    for i, origin in enumerate(origins.tolist()):
        for j, n_steps in enumerate((12, 288)):
            closes = [prices.get(origin + 300 * step, np.nan) for step in range(n_steps + 1)]
            slow = float(np.sum(np.diff(np.log(closes)) ** 2))
            assert found[i, j] == pytest.approx(slow, rel=1e-9, nan_ok=True)
    assert np.isnan(found).tolist() == [[False, True], [False, True], [False, False], [False, True]]


def test_terciles_are_of_the_year_before_and_of_nothing_after():
    candles = market(420)
    origins = START + DAY * np.arange(60, 420, 7) + 5 * HOUR
    found = terciles(candles, origins)
    assert np.isnan(found[origins < START + 90 * DAY]).all()
    for origin, third in zip(origins.tolist(), found.tolist(), strict=True):
        if np.isnan(third):
            continue
        hours = np.arange(max(origin - 365 * DAY, START + DAY), origin, HOUR)
        hours -= hours % HOUR
        past = past_day_volatility(candles, hours)
        share = np.mean(past < past_day_volatility(candles, np.array([origin]))[0])
        assert third == min(int(3 * share), 2) or abs(3 * share - round(3 * share)) < 0.01
    assert {0.0, 1.0, 2.0} <= set(found[np.isfinite(found)])
    known = candles.up_to(int(origins[30]))
    np.testing.assert_array_equal(terciles(known, origins[:31]), found[:31])


def test_variances_are_put_right_by_closed_outcomes_only():
    rng = np.random.default_rng(1)
    as_of = START + HOUR * np.arange(24 * 120)
    true = np.exp(rng.standard_normal(len(as_of)) * 0.5)
    realised = true * rng.gamma(8, 1 / 8, len(as_of))
    losses = variance_losses(as_of, true * 7, realised, horizon_s=DAY)
    # The level is learned from the record, so a forecast of seven times the variance is as good as the right one.
    np.testing.assert_allclose(losses, variance_losses(as_of, true, realised, horizon_s=DAY))
    assert np.isnan(losses[: 24 * 31]).all()
    assert np.isfinite(losses[24 * 31 :]).all()
    assert np.nanmean(losses) == pytest.approx(np.nanmean(realised / true - np.log(realised / true) - 1), rel=0.05)
    row = 24 * 60
    later = realised.copy()
    later[row - 23 :] *= 100
    before, after = (corrected_variances(as_of, true, outcome, horizon_s=DAY)[row] for outcome in (realised, later))
    assert before == after
    slow = true[row] * realised[: row - 23].sum() / true[: row - 23].sum()
    assert before == pytest.approx(slow)


def test_the_confidence_set_keeps_the_best_and_drops_the_worse():
    rng = np.random.default_rng(2)
    shared = rng.gamma(2, 10, 24 * 90)
    good = shared + rng.standard_normal(len(shared))
    scores = {"good": good, "twin": good.copy(), "as good": shared + rng.standard_normal(len(shared)), "worse": good + 1}
    found = confidence_set(scores, every_s=HOUR, horizon_s=HOUR)
    assert found == confidence_set(scores, every_s=HOUR, horizon_s=HOUR)
    assert found["worse"] < 0.01
    assert found["good"] == found["twin"]
    assert min(found["good"], found["as good"]) > 0.1
    assert max(found.values()) == 1


def test_too_little_makes_no_confidence_set():
    ten_weeks = np.ones(24 * 7 * 10)
    assert confidence_set({"a": ten_weeks[1:], "b": 2 * ten_weeks[1:]}, every_s=HOUR, horizon_s=HOUR) == {}
    assert confidence_set({"a": ten_weeks}, every_s=HOUR, horizon_s=HOUR) == {}
    assert confidence_set({"a": ten_weeks, "b": ten_weeks}, every_s=HOUR, horizon_s=HOUR) == {"a": 1.0, "b": 1.0}


def test_periods_are_those_of_the_origins():
    as_of = START + DAY * np.array([0, 30, 31, 32])
    assert monthly_means(as_of, np.array([1.0, 3, 5, np.nan])) == {"2025-01": (2.0, 2), "2025-02": (5.0, 1)}
    assert list(daily_means(as_of, np.ones(4))) == ["2025-01-01", "2025-01-31", "2025-02-01", "2025-02-02"]


def test_the_place_among_members_counts_ties_half():
    members = np.array([[1.0, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]], np.float32)
    found = ensemble_pit(members, np.array([2.5, 2.0, np.nan]))
    np.testing.assert_array_equal(found, [0.5, 0.375, np.nan])


@pytest.mark.parametrize("n_workers", [1, 2, 3, 50])
def test_batches_are_neighbours_of_one_model_and_lose_nothing(n_workers: int):
    plan = Plan(START, START + 10 * DAY, HOUR, ("a", "b"), refit_every_s=DAY)
    pieces = list(plan.pieces())
    found = batches(pieces, n_workers=n_workers)
    assert [piece for batch in found for piece in batch] == pieces
    assert all(len({piece.model for piece in batch}) == 1 for batch in found)
    assert len(found) == 2 * min(n_workers, 10) or n_workers == 3
    assert batches(pieces[3:4], n_workers=n_workers) == [(pieces[3],)]
