"""The Synth subnet's score of paths, against its published formula computed the slow way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scoringrules as sr
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core.errors import InputError
from btcforecast.engine.scoring import crps_ensemble_sorted, synth_parts, synth_score


def day(seed: int, n_paths: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    steps = rng.standard_t(4, (n_paths + 1, 288)) * 0.001
    prices = 65_000 * np.exp(np.c_[np.zeros(n_paths + 1), np.cumsum(steps, axis=1)])
    return prices[1:], prices[0]


def slow_synth_score(paths: np.ndarray, realised: np.ndarray) -> float:
    """Read off the subnet's code: blocks of observed changes, an ensemble score for each, the sum of all."""
    total = 0.0
    for steps, is_price in ((1, False), (6, False), (36, False), (288, True)):
        members, outcomes = paths[:, ::steps], realised[::steps]
        if is_price:
            members, outcomes = members[:, 1:], outcomes[1:]
        else:
            members = np.diff(members, axis=1) / members[:, :-1] * 10_000
            outcomes = np.diff(outcomes) / outcomes[:-1] * 10_000
        for j, outcome in enumerate(outcomes):
            if np.isnan(outcome):
                continue
            value = sum(abs(x - outcome) for x in members[:, j]) / len(members)
            value -= np.abs(members[:, j, None] - members[None, :, j]).sum() / (2 * len(members) ** 2)
            total += value / realised[-1] * 10_000 if is_price else value
    return total


@pytest.mark.parametrize("seed", [1, 2])
def test_synth_score_is_the_published_formula(seed: int):
    paths, realised = day(seed)
    assert synth_score(paths, realised) == pytest.approx(slow_synth_score(paths, realised), rel=2e-6)


def test_increments_that_lack_a_price_are_left_out():
    paths, realised = day(3)
    realised[[12, 13, 100]] = np.nan
    found = synth_parts(paths, realised)
    assert found.total == pytest.approx(slow_synth_score(paths, realised), rel=2e-6)
    assert found.n_increments == 345 - 3 - 2 - 2
    realised[-1] = np.nan
    assert synth_parts(paths, realised).day_end == 0


def test_the_realised_day_itself_scores_nothing():
    _, realised = day(4)
    assert synth_score(np.tile(realised, (20, 1)), realised) == pytest.approx(0, abs=1e-3)


def test_float32_paths_score_as_float64_ones():
    paths, realised = day(5, n_paths=500)
    assert synth_score(paths.astype(np.float32), realised) == pytest.approx(synth_score(paths, realised), rel=1e-5)


def test_paths_of_another_shape_are_refused():
    with pytest.raises(InputError, match="289"):
        synth_score(np.ones((10, 288)), np.ones(289))


def test_the_reference_miner_scores_what_the_study_measured(market_data: Path):
    """A Gaussian walk of 0.541 % an hour, prompts every two hours of 2025: 3341.2 over 4,369; here every 40th of them."""
    import polars as pl

    frame = pl.read_parquet(market_data / "binance_BTCUSDT_5m.parquet", columns=["timestamp", "close"])
    opened_at = frame["timestamp"].dt.epoch("s").to_numpy()
    close = frame["close"].to_numpy()
    origins = np.arange(1735689600, 1735689600 + 4369 * 7200, 40 * 7200)
    rows = np.searchsorted(opened_at, origins - 300)
    rng = np.random.default_rng(1)
    totals = []
    for row in rows:
        steps = rng.standard_normal((300, 288)) * 0.00541 / np.sqrt(12)
        paths = close[row] * np.exp(np.c_[np.zeros(300), np.cumsum(steps, axis=1)])
        totals.append(synth_score(paths, close[row : row + 289]))
    assert np.mean(totals) == pytest.approx(3341.2, rel=0.03)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40), st.floats(-1e3, 1e3))
def test_ensemble_crps_is_that_of_scoringrules(members: list[float], outcome: float):
    ours = crps_ensemble_sorted(np.sort(np.array([members]), axis=1), np.array([outcome]))[0]
    theirs = sr.crps_ensemble(outcome, np.array(members), estimator="nrg")
    assert ours == pytest.approx(float(theirs), rel=1e-9, abs=1e-9)
