"""Questions put to every model of the catalogue: the answers agree with its laws and with each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from btcforecast.core import HORIZONS, Candles
from btcforecast.engine.models.catalogue import load_model, model_names
from btcforecast.engine.questions import build_path_set, probability_beyond, risk, spread, touch


@pytest.fixture(scope="module")
def candles() -> Candles:
    """Half a year of fat-tailed candles, calm weeks and stormy ones by turns."""
    rng, n = np.random.default_rng(6), 52_500
    mood = np.exp(0.4 * np.sin(2 * np.pi * np.arange(n) / 4000))
    close = 40_000 * np.exp(np.cumsum(8e-4 * mood * rng.standard_t(5, n)))
    opened = np.concatenate(([40_000.0], close[:-1]))
    wick = 1 + 2e-4 * rng.random(n)
    opened_at = 1_704_067_200 + 300 * np.arange(n, dtype=np.int64)
    return Candles(
        opened_at, opened, np.maximum(opened, close) * wick, np.minimum(opened, close) / wick, close, rng.gamma(2, 5, n)
    )


@pytest.mark.parametrize("name", model_names())
def test_answers_agree_with_the_laws_and_with_each_other(name: str, candles: Candles):
    model = load_model(name).fit(candles)
    laws = model.quantiles()
    paths = build_path_set(laws, model.paths(seed=7).astype(np.float32), seed=7)
    # Built-in models are symmetric, so one half of their paths is the mirror image of the other.
    assert paths.is_mirrored
    assert paths.reach_s == HORIZONS[-1].seconds
    before: dict[float, float] = {}
    for horizon, law in laws.items():
        far = float(law.quantile(0.9))
        found = spread(paths, seconds=horizon.seconds, levels=np.array([0.5]))
        ends = np.exp(law.quantile((np.arange(1000) + 0.5) / 1000))
        assert found.width.value >= 0.99 * np.abs(ends - 1).mean()
        for level in (-far, -far / 3, far / 3, far):
            touched = touch(paths, level, seconds=horizon.seconds).probability
            least = probability_beyond(law, level)
            # The reflection principle is exact for a random walk; tails and bounces leave less or more.
            assert least <= touched <= min(1, 4 * least)
        # A level once given is touched ever more likely.
        now = {level: touch(paths, level, seconds=horizon.seconds).probability for level in (*before, far)}
        assert all(now[level] >= touched for level, touched in before.items())
        before = now
        for is_long in (True, False):
            losses = risk(law, level=0.95, is_long=is_long)
            assert losses.expected_shortfall > losses.value_at_risk > 0
            assert math.isfinite(losses.expected_shortfall_share)
