"""Candles that several of these tests walk through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

START = 1735689600
DAY = 86400


@pytest.fixture(scope="session")
def candle_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty days of five-minute candles from 2025-01-01, with two missing."""
    rng = np.random.default_rng(0)
    n = 30 * 288
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, n)))
    opened = np.r_[90_000, close[:-1]]
    at = START + 300 * np.arange(n)
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(at * 1_000_000).cast(pl.Datetime("us", "UTC")),
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
            "volume": np.ones(n),
        }
    ).filter(~pl.Series(np.isin(at + 300, [START + 6 * DAY, START + 12 * DAY + 1800])))
    path = tmp_path_factory.mktemp("candles") / "candles.parquet"
    frame.write_parquet(path)
    return path
