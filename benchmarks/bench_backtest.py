"""A year of hourly walk-forward of the champion over all horizons, and how fast the scores are.

Run by hand: `python benchmarks/bench_backtest.py [FILE]`; without a file it makes candles of its own, three years of them.
"""

from __future__ import annotations

import os

# One core means one thread, also for BLAS.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from btcforecast.core import HORIZONS, Candles, from_rfc3339
from btcforecast.engine.backtest import Plan, log_returns, rank_laws, walk
from btcforecast.engine.models.catalogue import load_model
from btcforecast.engine.scoring import diebold_mariano, paired_skill, score_many, synth_parts

YEAR = (from_rfc3339("2025-01-01"), from_rfc3339("2026-01-01"))


def main() -> None:
    candles = read(Path(sys.argv[1])) if len(sys.argv) > 1 else simulate()
    champion = load_model("day_paths")
    plan = Plan(*YEAR, 3600, ("day_paths",), HORIZONS)
    fit_s = forecast_s = score_s = 0.0
    scores = []
    began_wall, began_cpu = time.perf_counter(), time.process_time()
    for piece in plan.pieces():
        walked = walk(plan, piece, candles, model_class=champion)
        fit_s, forecast_s = fit_s + walked.fit_s, forecast_s + walked.forecast_s
        began = time.perf_counter()
        outcomes = log_returns(candles, walked.as_of, HORIZONS)
        scores.append(score_many(walked.quantiles[:, 3], outcomes[:, 3]))
        for j in (0, 1, 2, 4, 5, 6):
            score_many(walked.quantiles[:, j], outcomes[:, j])
        score_s += time.perf_counter() - began
    wall, cpu = time.perf_counter() - began_wall, time.process_time() - began_cpu
    n = sum(len(part.crps_bps) for part in scores)
    print(f"walk-forward: {n:,} origins × {len(HORIZONS)} horizons in {wall:.1f} s ({cpu:.1f} s of processor time)")
    print(f"  fits {fit_s:.1f} s, forecasts {forecast_s:.1f} s ({1e3 * forecast_s / n:.2f} ms each), scores {score_s:.2f} s")
    print("under a minute of one core:", "yes" if cpu < 60 else "no")
    bench_scores()
    assert rank_laws({"day_paths": scores[0]}, baselines=(), every_s=3600, horizon_s=86400)


def bench_scores() -> None:
    rng = np.random.default_rng(0)
    quantiles = np.cumsum(rng.uniform(1e-5, 1e-3, (8760, 105)), axis=1) - 0.03
    outcomes = rng.normal(0, 0.02, 8760)
    paths = (60_000 * np.exp(np.c_[np.zeros(1000), np.cumsum(rng.normal(0, 0.001, (1000, 288)), axis=1)])).astype(np.float32)
    realised = paths[0].astype(np.float64)
    ours, theirs = rng.gamma(2, 10, 8760), rng.gamma(2, 10, 8760)
    print(f"score_many, 8,760 laws: {best(lambda: score_many(quantiles, outcomes)):.1f} ms")
    print(f"synth_parts, 1,000 × 289 paths: {best(lambda: synth_parts(paths, realised)):.2f} ms")
    print(f"paired_skill, 8,760 scores, 2,000 draws: {best(lambda: paired_skill(ours, theirs, block_length=168)):.1f} ms")
    print(f"diebold_mariano, 8,760 scores, lag 719: {best(lambda: diebold_mariano(ours, theirs, lag=719)):.1f} ms")


def best(work: Callable[[], object], *, n: int = 15) -> float:
    """Return the least milliseconds of n tries."""
    took = []
    for _ in range(n):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return 1e3 * min(took)


def read(path: Path) -> Candles:
    from btcforecast.market.files import read_candles

    return read_candles(path)


def simulate() -> Candles:
    from btcforecast.market.simulated import SimulatedMarket

    return SimulatedMarket(1).candles(YEAR[0] - 2 * 365 * 86400, YEAR[1])


if __name__ == "__main__":
    main()
