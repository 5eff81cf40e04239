"""The documented example passes the same conformance suite as the built-in models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from btcforecast.core import Candles
from btcforecast.engine.models.catalogue import load_model
from btcforecast.engine.models.conformance import CHECKS, Case

SOURCE = Path(__file__).parents[2] / "examples" / "yesterday" / "src"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_example_model(check: Callable[[Case], None], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SOURCE))
    rng = np.random.default_rng(1)
    close = 40_000 * np.exp(np.cumsum(1e-3 * rng.standard_normal(5000)))
    start = np.concatenate(([40_000.0], close[:-1]))
    columns = (start, np.maximum(start, close), np.minimum(start, close), close, np.ones(5000))
    candles = Candles(1_704_067_200 + 300 * np.arange(5000, dtype=np.int64), *columns)
    check(Case(load_model("yesterday:Yesterday"), candles[:-400], candles[-400:]))
