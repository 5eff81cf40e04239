"""Whether touching and ranges come true, on real candles, and what the answers cost.

Run by hand or by `make bench`; takes about a minute. Forecasts of the fallback, 36 hours apart, through 2024 and 2025, fitted anew every four
months to the two years before: what was said about touching each level of the fixed set, and what highs and lows then did.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from btcforecast.core import Candles, Floats, Horizon, from_rfc3339
from btcforecast.engine.models.day_paths import DayPaths
from btcforecast.engine.questions import build_path_set, spread, touch_many
from btcforecast.engine.scoring.brier import brier_parts
from btcforecast.forecasts.questions import fixed
from btcforecast.market.files.reader import read_candles

REAL = Path(__file__).parents[2] / "shared" / "data" / "binance_BTCUSDT_5m.parquet"
BEGIN, END = from_rfc3339("2024-01-01"), from_rfc3339("2025-12-24")
EVERY_S = 36 * 3600
REFIT_S = 120 * 86400
WINDOW_S = 2 * 365 * 86400
TOUCH = fixed.PLACES[fixed.Kind.TOUCH]


def walk(candles: Candles) -> tuple[dict[Horizon, list[Floats]], list[float], list[float]]:
    """Return, by horizon, rows of said (paths, closes of paths, reflection), outcomes and ranges; and the milliseconds of the work."""
    rows: dict[Horizon, list[Floats]] = {horizon: [] for horizon in fixed.DISTANCES_PERCENT}
    building, asking = [], []
    fitted_at = 0
    for as_of in range(BEGIN, END, EVERY_S):
        if as_of - fitted_at >= REFIT_S:
            model, fitted_at = DayPaths.fit(candles.since(as_of - WINDOW_S).up_to(as_of)), as_of
        model.observe(candles.since(model.as_of).up_to(as_of))
        if model.as_of != as_of:
            continue
        laws, returns = model.quantiles(), model.paths(seed=as_of).astype(np.float32)
        began = time.perf_counter()
        paths = build_path_set(laws, returns, seed=as_of)
        built = time.perf_counter()
        said = {horizon: touch_many(paths, fixed.log_levels(horizon), horizon) for horizon in rows}
        building.append(1e3 * (built - began))
        asking.append(1e3 * (time.perf_counter() - built))
        for horizon, probabilities in said.items():
            way = candles.since(as_of).up_to(as_of + horizon.seconds)
            if len(way) < horizon.n_steps:
                continue
            high, low = float(way.high.max()), float(way.low.min())
            came = fixed.outcomes(horizon, spot=model.spot, close=1.0, high=high, low=low, has_touch=True)[TOUCH]
            walked = returns[:, : horizon.n_steps + 1]
            levels = fixed.log_levels(horizon)
            closes = [np.mean(walked.max(1) >= x if x >= 0 else walked.min(1) <= x) for x in levels]
            expected = spread(paths, seconds=horizon.seconds, levels=np.array([0.5])).width.value
            ranges = [expected, (high - low) / model.spot]
            reflected = fixed.reflected_touch(laws[horizon], horizon)
            rows[horizon].append(np.concatenate((probabilities, closes, reflected, came, ranges)))
    return rows, building, asking


def main() -> None:
    if not REAL.exists():
        print("no real candles beside the project: nothing to measure")
        return
    rows, building, asking = walk(read_candles(REAL).since(BEGIN - WINDOW_S))
    print("P(touch), mean over the levels | highs and lows touched | Brier of paths, reflection | reliability | range said, seen")
    for horizon, found in rows.items():
        table = np.array(found)
        paths, closes, reflected, came = (table[:, 6 * i : 6 * i + 6] for i in range(4))
        at_closes = f"{closes.mean():.3f} at closes" if horizon.seconds <= 86400 else "-"
        scores = [np.mean((said - came) ** 2) for said in (paths, reflected)]
        parts = brier_parts(paths.ravel(), came.ravel())
        print(
            f"{horizon!s:>4} n {len(table)}: {paths.mean():.3f} ({at_closes}) | {came.mean():.3f} | {scores[0]:.4f} {scores[1]:.4f} | "
            f"{parts.reliability:.4f} | {100 * table[:, 24].mean():.2f} % {100 * table[:, 25].mean():.2f} %"
        )
    print(f"path set: median {np.median(building):.1f} ms; touching at 5 horizons × 6 levels: {np.median(asking):.1f} ms")


if __name__ == "__main__":
    main()
