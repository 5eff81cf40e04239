"""The conformance suite over every model of the catalogue."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from btcforecast.core import Candles
from btcforecast.engine.models.catalogue import load_model, model_names
from btcforecast.engine.models.conformance import CHECKS, Case

BEGIN = 1_704_067_200


def generated_candles(n: int, seed: int) -> Candles:
    """Candles of a small GARCH with fat tails, a livelier afternoon and a few gaps."""
    rng = np.random.default_rng(seed)
    opened_at = BEGIN + 300 * np.arange(n, dtype=np.int64)
    shocks = rng.standard_t(5, n) * np.sqrt(3 / 5)
    log_volatility = np.zeros(n)
    for i in range(1, n):
        log_volatility[i] = 0.999 * log_volatility[i - 1] + 0.02 * shocks[i - 1] ** 2 - 0.02
    daily = 1 + 0.4 * np.sin(2 * np.pi * (opened_at % 86400) / 86400)
    close = 40_000 * np.exp(np.cumsum(1e-3 * daily * np.exp(np.clip(log_volatility, -1, 1)) * shocks))
    start = np.concatenate(([40_000.0], close[:-1]))
    spread = 1 + 2e-4 * rng.random(n)
    candles = Candles(
        opened_at, start, np.maximum(start, close) * spread, np.minimum(start, close) / spread, close, rng.gamma(2, 5, n)
    )
    return Candles.concat([candles[: n // 3], candles[n // 3 + 50 : n - 150], candles[n - 130 :]])


@pytest.fixture(scope="module")
def candles() -> Candles:
    return generated_candles(53_000, seed=5)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("name", model_names())
def test_model(name: str, check: Callable[[Case], None], candles: Candles):
    check(Case(load_model(name), candles[:-400], candles[-400:]))
