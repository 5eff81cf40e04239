"""Walk-forward: a model goes through history one closed candle at a time and is asked at every origin."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Candles, Floats, Ints
from btcforecast.engine.backtest.outcomes import realised_prices
from btcforecast.engine.backtest.plan import Piece, Plan
from btcforecast.engine.models.contract import N_STEPS, Model
from btcforecast.engine.scoring import SynthScore, synth_parts

_TOLD_EVERY: Final = 24

PathSink = Callable[[int, NDArray[np.float32]], None]
"""Is handed as_of and the prices of its paths, shape (n_paths, 289)."""


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """What a model said along one piece.

    as_of: shape (n,); quantiles: shape (n, n_horizons, 105); synth: one score for each origin, empty without paths.
    trained_until: the close of the newest candle that the fit saw. fit_s, forecast_s: seconds that it took, scoring of paths left out.
    """

    as_of: Ints
    quantiles: Floats
    synth: tuple[SynthScore, ...]
    trained_until: int
    fit_s: float
    forecast_s: float


def walk(
    plan: Plan,
    piece: Piece,
    candles: Candles,
    *,
    model_class: type[Model],
    on_paths: PathSink | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Walked:
    """Return what the model says at the piece's origins. on_progress: told how many more origins are done, now and then."""
    as_of = plan.present(candles)
    as_of = as_of[(as_of >= piece.first_at) & (as_of < piece.end_at)]
    quantiles = np.empty((len(as_of), len(plan.horizons), 105))
    if not len(as_of):
        return Walked(as_of, quantiles, (), piece.fit_until, 0.0, 0.0)
    started = time.perf_counter()
    model = model_class.fit(plan.history(candles, piece.fit_until))
    fit_s = time.perf_counter() - started
    seen = len(candles.up_to(model.as_of))
    rows = np.searchsorted(candles.closed_at, as_of, side="right")
    synth: list[SynthScore] = []
    forecast_s = 0.0
    for i, row in enumerate(rows.tolist()):
        started = time.perf_counter()
        model.observe(candles[seen:row])
        seen = row
        laws = model.quantiles(plan.horizons)
        for j, horizon in enumerate(plan.horizons):
            quantiles[i, j] = laws[horizon].quantiles
        prices = _prices(plan, model) if plan.n_paths else None
        forecast_s += time.perf_counter() - started
        if prices is not None:
            realised = realised_prices(candles, as_of[i : i + 1], n_steps=N_STEPS)[0]
            synth.append(synth_parts(prices, realised))
            if on_paths is not None:
                on_paths(model.as_of, prices)
        if on_progress is not None and (i + 1) % _TOLD_EVERY == 0:
            on_progress(_TOLD_EVERY)
    if on_progress is not None:
        on_progress(len(as_of) % _TOLD_EVERY)
    return Walked(as_of, quantiles, tuple(synth), model.trained_until, fit_s, forecast_s)


def path_seed(seed: int, as_of: int) -> int:
    """Return the seed of the paths at one origin, the same for every model, so that luck is shared."""
    return int(np.random.SeedSequence([seed, as_of]).generate_state(1, np.uint64)[0] >> np.uint64(16))


def _prices(plan: Plan, model: Model) -> NDArray[np.float32]:
    # What is exported is what is scored, so paths become float32 before either.
    returns = model.paths(seed=path_seed(plan.seed, model.as_of), n_paths=plan.n_paths)
    return np.asarray(model.spot * np.exp(returns), np.float32)
