"""What the champion takes of the machine; started by bench_limits.py, once to fit and once to serve, each in a process of its own.

Times are the processor's, on one thread: what one core spends, whoever else is on the machine.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from btcforecast.core import HORIZONS
from btcforecast.engine.backtest import realised_prices
from btcforecast.engine.models.catalogue import load_model
from btcforecast.engine.scoring import synth_parts_by_step
from btcforecast.market.files import read_candles

CHAMPION = "multiscale"
YEARS_OF_FIT = 8
N_HELD_BACK = 3 * 288


def main() -> None:
    part, file, state = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    json.dump(fit(file, state) if part == "fit" else serve(state), sys.stdout)


def fit(file: Path, state: Path) -> dict[str, float]:
    candles = read_candles(file)
    history = candles[max(0, len(candles) - N_HELD_BACK - YEARS_OF_FIT * 365 * 288) : -N_HELD_BACK]
    champion = load_model(CHAMPION)
    began = time.process_time()
    model = champion.fit(history)
    fit_s = time.process_time() - began
    held_back = candles[-N_HELD_BACK:]
    np.savez(
        state,
        allow_pickle=False,
        **{f"state_{name}": array for name, array in model.state().items()},
        **{f"candle_{name}": getattr(held_back, name) for name in ("opened_at", "open", "high", "low", "close", "volume")},
    )
    return {"fit_s": fit_s, "years": len(history) / 288 / 365, "fit_mb": peak_mb()}


def serve(path: Path) -> dict[str, float]:
    from btcforecast.core import Candles

    with np.load(path, allow_pickle=False) as saved:
        arrays = dict(saved)
    candles = Candles(**{name.removeprefix("candle_"): array for name, array in arrays.items() if name.startswith("candle_")})
    model = load_model(CHAMPION).from_state(
        {name.removeprefix("state_"): array for name, array in arrays.items() if name.startswith("state_")}
    )
    began = time.process_time()
    model.observe(candles[:288])
    update_bulk_us = 1e6 * (time.process_time() - began) / 288
    one_by_one = [candles[row : row + 1] for row in range(288, 576)]
    began = time.process_time()
    for candle in one_by_one:
        model.observe(candle)
    update_us = 1e6 * (time.process_time() - began) / 288
    issues = []
    rest = iter(range(576, 576 + 200))
    for row in rest:
        # A new candle before each, because the answers of one instant are remembered.
        model.observe(candles[row : row + 1])
        began = time.process_time()
        model.quantiles(HORIZONS)
        model.paths(seed=row)
        issues.append(1e3 * (time.process_time() - began))
    realised = realised_prices(candles, candles.closed_at[288:289], n_steps=288)[0]
    prices = model.price_paths(seed=1)
    normals = np.random.Generator(np.random.SFC64(1))
    return {
        # What a core of this machine needs at this moment for as many random numbers as the paths have steps.
        "floor_ms": milliseconds(lambda: normals.standard_normal(288_000)),
        "issue_ms": statistics.median(issues),
        "issue_best_ms": min(issues),
        "update_us": update_us,
        "update_bulk_us": update_bulk_us,
        "prompt_ms": milliseconds(lambda: synth_parts_by_step(model.price_paths(seed=1), realised)),
        "score_ms": milliseconds(lambda: synth_parts_by_step(prices, realised)),
        "serve_mb": peak_mb(),
    }


def milliseconds(do: Callable[[], object], *, n: int = 100) -> float:
    """Return the median of n tries."""
    took = []
    for _ in range(n):
        began = time.process_time()
        do()
        took.append(1e3 * (time.process_time() - began))
    return statistics.median(took)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
