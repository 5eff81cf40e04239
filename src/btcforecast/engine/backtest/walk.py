"""Walk-forward: a model goes through history one closed candle at a time and is asked at every origin."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import LEVELS, Candles, Floats, Ints
from btcforecast.engine.backtest.outcomes import realised_prices
from btcforecast.engine.backtest.plan import Piece, Plan
from btcforecast.engine.models.contract import N_STEPS, Model
from btcforecast.engine.scoring import SynthScore, ensemble_pit, synth_parts_by_step

PATH_LEADS: Final = (1, 6, 12, 36, 288)
"""The steps at which the realised price is placed among the paths: 5 and 30 minutes, 1, 3 and 24 hours."""
_AT_ONCE: Final = 168
"""How many origins a model is asked for in one go: enough to be fast, few enough to tell how far the work is."""

PathSink = Callable[[int, NDArray[np.float32]], None]
"""Is handed as_of and the prices of its paths, shape (n_paths, 289)."""


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """What a model said along one piece.

    as_of: shape (n,); quantiles: shape (n, n_horizons, 105); variances: shape (n, n_horizons); synth: one score for each origin, empty without paths.
    path_pits: shape (n, 5), the share of paths below the realised price at `PATH_LEADS`, NaN where it is missing; empty without paths.
    trained_until: the close of the newest candle that the fit saw. fit_s, forecast_s: seconds that it took, scoring of paths left out.
    """

    as_of: Ints
    quantiles: Floats
    variances: Floats
    synth: tuple[SynthScore, ...]
    path_pits: Floats
    trained_until: int
    fit_s: float
    forecast_s: float


def walk(
    plan: Plan,
    pieces: Sequence[Piece],
    candles: Candles,
    *,
    model_class: type[Model],
    on_paths: PathSink | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Walked]:
    """Yield what the model says along each piece; the pieces are of one model and in order of time.

    What is said along a piece does not depend on the others; together they are faster where a model shares work between fits.
    on_progress: told how many more origins are done, now and then.
    """
    present = plan.present(candles)
    origins = [present[(present >= piece.first_at) & (present < piece.end_at)] for piece in pieces]
    fit_at = list(dict.fromkeys(piece.fit_until for piece, as_of in zip(pieces, origins, strict=True) if len(as_of)))
    fits = model_class.fit_many(plan.history(candles, candles.as_of), fit_at, calendar=plan.calendar)
    walker: _Walker | None = None
    for piece, as_of in zip(pieces, origins, strict=True):
        if not len(as_of):
            yield _nothing(plan, piece)
            continue
        began = time.perf_counter()
        # A model that is fitted once goes on from piece to piece.
        if walker is None or walker.fit_until != piece.fit_until:
            walker = _Walker(plan, candles, next(fits), piece.fit_until)
        fit_s = time.perf_counter() - began
        yield replace(walker.walk(as_of, on_paths=on_paths, on_progress=on_progress), fit_s=fit_s)


def path_seed(seed: int, as_of: int) -> int:
    """Return the seed of the paths at one origin, the same for every model, so that luck is shared."""
    return int(np.random.SeedSequence([seed, as_of]).generate_state(1, np.uint64)[0] >> np.uint64(16))


class _Walker:
    """A fitted model on its way."""

    def __init__(self, plan: Plan, candles: Candles, model: Model, fit_until: int) -> None:
        self._plan, self._candles, self._model = plan, candles, model
        self.fit_until = fit_until
        self._seen = len(candles.up_to(model.as_of))

    def walk(self, as_of: Ints, *, on_paths: PathSink | None, on_progress: Callable[[int], None] | None) -> Walked:
        plan, model = self._plan, self._model
        quantiles = np.empty((len(as_of), len(plan.horizons), len(LEVELS)))
        variances = np.empty((len(as_of), len(plan.horizons)))
        pits = np.empty((len(as_of) if plan.n_paths else 0, len(PATH_LEADS)))
        leads = list(PATH_LEADS)
        rows = np.searchsorted(self._candles.closed_at, as_of, side="right")
        synth: list[SynthScore] = []
        forecast_s = 0.0
        for begin, end in self._batches(as_of):
            began = time.perf_counter()
            known = plan.calendar.known_at(int(as_of[begin]))
            if known != model.calendar:
                model.schedule(known)
            part = self._candles[self._seen : rows[end - 1]]
            quantiles[begin:end], variances[begin:end] = model.walk(part, as_of[begin:end], plan.horizons)
            self._seen = rows[end - 1]
            if plan.n_paths:
                prices = model.price_paths(seed=path_seed(plan.seed, model.as_of), n_paths=plan.n_paths)
            forecast_s += time.perf_counter() - began
            if plan.n_paths:
                realised = realised_prices(self._candles, as_of[begin:end], n_steps=N_STEPS)[0]
                synth.append(synth_parts_by_step(prices, realised))
                pits[begin] = ensemble_pit(prices[leads], realised[leads])
                if on_paths is not None:
                    on_paths(model.as_of, np.ascontiguousarray(prices.T))
            if on_progress is not None:
                on_progress(end - begin)
        return Walked(as_of, quantiles, variances, tuple(synth), pits, model.trained_until, 0.0, forecast_s)

    def _batches(self, as_of: Ints) -> Iterator[tuple[int, int]]:
        """Yield parts of the origins in which the same events are known; with paths a model stops at every origin."""
        if self._plan.n_paths:
            yield from ((i, i + 1) for i in range(len(as_of)))
            return
        announced = np.unique([event.announced_at for event in self._plan.calendar.events])
        changes = np.flatnonzero(np.diff(np.searchsorted(announced, as_of, side="right"))) + 1
        edges = np.unique(np.concatenate((np.arange(0, len(as_of), _AT_ONCE), changes, [len(as_of)]))).astype(np.int64)
        yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _nothing(plan: Plan, piece: Piece) -> Walked:
    none = np.empty((0, len(plan.horizons), len(LEVELS)))
    return Walked(np.empty(0, np.int64), none, none[..., 0], (), np.empty((0, len(PATH_LEADS))), piece.fit_until, 0.0, 0.0)
