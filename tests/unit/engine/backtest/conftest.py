"""Candles of a random walk, and the toy models."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from btcforecast.core import Candles

START = 1735689600


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("toy", Path(__file__).with_name("toy.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toy"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def candles() -> Candles:
    """Twelve days of five-minute candles from 2025-01-01."""
    rng = np.random.default_rng(0)
    n = 12 * 288
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, n)))
    opened = np.r_[90_000, close[:-1]]
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return Candles(START + 300 * np.arange(n), opened, high, low, close, np.ones(n))
