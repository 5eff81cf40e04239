"""What one issue costs, after fit: all horizons and 1,000 paths of 288 steps, on one core, for every built-in model.

Compared in the same run with drawing 288,000 normal numbers, which a simulation of that size needs at least. Limits: the champion
under 10 ms and 50 µs a candle, all models together under 250 ms. Uses the real candles in ../shared/data where they are, else simulated ones.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import statistics  # the line above must come before numpy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from btcforecast.core import Candles
from btcforecast.engine.models.catalogue import load_model, model_names
from btcforecast.market.files import read_candles
from btcforecast.market.simulated import ANCHOR_AT, SimulatedMarket

REAL = Path(__file__).parents[2] / "shared" / "data" / "binance_BTCUSDT_5m.parquet"
CHAMPION = "multiscale"
N_TIMES = 30


def history() -> tuple[str, Candles]:
    if REAL.is_file():
        return "real candles, 900 days", read_candles(REAL)[-900 * 288 :]
    return "simulated candles, 700 days", SimulatedMarket(1).candles(ANCHOR_AT, ANCHOR_AT + 700 * 86400)


def milliseconds(do: Callable[[], object]) -> float:
    times = []
    for _ in range(N_TIMES):
        began = time.perf_counter()
        do()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def main() -> None:
    what, candles = history()
    rng = np.random.Generator(np.random.SFC64(1))
    floor = milliseconds(lambda: rng.standard_normal(288_000))
    print(f"{what}; floor: 288,000 normal numbers in {floor:.2f} ms; medians of {N_TIMES}")
    print(f"{'model':<14}{'fit s':>8}{'issue ms':>10}{'÷ floor':>9}{'observe ms':>12}")
    total = 0.0
    for name in model_names():
        began = time.perf_counter()
        model = load_model(name).fit(candles[:-N_TIMES])
        fit_s = time.perf_counter() - began
        issue = milliseconds(lambda model=model: (model.quantiles(), model.paths(seed=1)))  # type: ignore[misc]  # defaults bind the loop's value
        steps = iter(range(len(candles) - N_TIMES, len(candles)))
        observe = milliseconds(lambda model=model, steps=steps: model.observe(candles[(i := next(steps)) : i + 1]))  # type: ignore[misc]  # as above
        total += issue
        limit = " (limits 10 and 0.05)" if name == CHAMPION else ""
        print(f"{name:<14}{fit_s:>8.2f}{issue:>10.2f}{issue / floor:>9.1f}{observe:>12.3f}{limit}")
    print(f"all models together: {total:.1f} ms (limit 250), {total / floor:.1f} × the floor")


if __name__ == "__main__":
    main()
