"""A year of hourly walk-forward over all horizons by every model of the ladder but GARCH, on one core, and how fast paths and scores are.

Run by hand: `python benchmarks/bench_backtest.py [FILE]`; without a file it takes ../shared/data, and without those candles of its own, three
years of them.
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
from btcforecast.engine.backtest import Plan, log_returns, realised_prices, walk
from btcforecast.engine.models.catalogue import load_model
from btcforecast.engine.scoring import diebold_mariano, paired_skill, score_many, synth_parts, synth_parts_by_step

YEAR = (from_rfc3339("2025-01-01"), from_rfc3339("2026-01-01"))


LADDER = ("multiscale", "log_har", "day_paths", "ewma", "random_walk")
CHAMPION = LADDER[0]
REAL = Path(__file__).parents[2] / "shared" / "data" / "binance_BTCUSDT_5m.parquet"


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else REAL
    candles = read(file) if file.is_file() else simulate()
    whole = 0.0
    print(
        f"{'model':<12}{'fits s':>8}{'walk s':>8}{'scores s':>10}{'processor s':>13}   a year, hourly, {len(HORIZONS)} horizons, 13 fits"
    )
    for name in LADDER:
        model_class = load_model(name)
        plan = Plan(*YEAR, 3600, (name,), HORIZONS)
        fit_s = forecast_s = score_s = 0.0
        began_cpu = time.process_time()
        for walked in walk(plan, list(plan.pieces()), candles, model_class=model_class):
            fit_s, forecast_s = fit_s + walked.fit_s, forecast_s + walked.forecast_s
            began = time.perf_counter()
            outcomes = log_returns(candles, walked.as_of, HORIZONS)
            for j in range(len(HORIZONS)):
                score_many(walked.quantiles[:, j], outcomes[:, j])
            score_s += time.perf_counter() - began
        cpu = time.process_time() - began_cpu
        whole += cpu
        limit = f"   limit 20: {'met' if cpu < 20 else 'MISSED'}" if name == CHAMPION else ""
        print(f"{name:<12}{fit_s:>8.1f}{forecast_s:>8.1f}{score_s:>10.2f}{cpu:>13.1f}{limit}", flush=True)
    print(f"{'all':<12}{'':>26}{whole:>13.1f}   limit 120: {'met' if whole < 120 else 'MISSED'}")
    bench_prompts(candles)
    bench_scores()


def bench_prompts(candles: Candles) -> None:
    """Print what 100 prompts cost: 1,000 paths of the champion, and their exact Synth score."""
    model = load_model(CHAMPION).fit(candles.up_to(YEAR[0]))
    paths_ms = score_ms = 0.0
    for as_of in range(YEAR[0], YEAR[0] + 100 * 7200, 7200):
        model.observe(candles.since(model.as_of).up_to(as_of))
        realised = realised_prices(candles, np.array([as_of]), n_steps=288)[0]
        began = time.perf_counter()
        prices = model.price_paths(seed=as_of)
        drawn = time.perf_counter()
        synth_parts_by_step(prices, realised)
        paths_ms, score_ms = paths_ms + 1e3 * (drawn - began), score_ms + 1e3 * (time.perf_counter() - drawn)
    print(f"a prompt: 1,000 × 288 paths {paths_ms / 100:.1f} ms, their exact Synth score {score_ms / 100:.1f} ms (limit 3)")


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
