"""Scores a backtest's export with independent code: `python score_export.py FOLDER`. Needs polars and numpy only."""

# ruff: noqa: INP001, T201  # a script for strangers

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

folder = Path(sys.argv[1])
levels = np.array(json.loads((folder / "run.json").read_text())["levels"])
fine = (np.arange(1000) + 0.5) / 1000
forecasts = pl.read_parquet(folder / "forecasts" / "*.parquet")
outcomes = pl.read_parquet(folder / "outcomes.parquet").drop_nulls("log_return")
for (model, horizon_s), part in forecasts.join(outcomes, on=["as_of", "horizon_s"]).group_by(
    "model", "horizon_s", maintain_order=True
):
    crps = []
    for quantiles, y in zip(part["quantiles"].to_numpy(), part["log_return"].to_numpy(), strict=True):
        # The quantile is linear in the logit of the level between two levels, and the grid reaches beyond 0.001 and 0.999.
        x = np.interp(np.log(fine / (1 - fine)), np.log(levels / (1 - levels)), quantiles)
        crps.append(np.abs(x - y).mean() - (x * (2 * np.arange(1, 1001) - 1001)).sum() / 1000**2)
    print(model, horizon_s, len(crps), round(1e4 * np.mean(crps), 3))
