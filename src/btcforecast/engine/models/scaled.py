"""What the built-in models share: a scale for each horizon, laws fitted around it, paths anchored to them."""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from typing import ClassVar

import numpy as np

from btcforecast.core import HORIZONS, Candles, Distribution, Floats, Horizon, Ints
from btcforecast.core.distribution import publish_many
from btcforecast.engine.features.returns import step_returns
from btcforecast.engine.models.anchoring import anchor_paths
from btcforecast.engine.models.contract import N_STEPS, Model
from btcforecast.engine.models.laws import GRID, GRID_STEPS, N_SHORT, Laws, distribution_at, quantiles_at, widening
from btcforecast.engine.scoring.variance import law_variances


class ScaledModel(Model):
    """A model that says how volatile each horizon is and how paths get there; the laws around the scale are fitted."""

    anchors: ClassVar[tuple[Horizon, ...]] = tuple(horizon for horizon in GRID[:N_SHORT] if horizon in HORIZONS)
    """Where the paths are moved onto the laws."""

    laws: Laws
    _spreads: tuple[int, Floats] | None = None
    """The quantiles of the moment and the instant that they are for."""

    @abstractmethod
    def _scales(self) -> Floats:
        """Return the scale at each horizon of the laws' grid, shape (9,)."""

    def _widths(self) -> Floats:
        """Return the upper quantiles at each horizon of the laws' grid, shape (9, 52)."""
        return self.laws.widths(self._scales())

    @abstractmethod
    def _simulate(self, steps: Floats, rng: np.random.Generator) -> None:
        """Fill `steps`, shape (288, n_paths), with the log return of every step, symmetric and without drift."""

    def _clock(self) -> Floats:
        """Return the expected cumulative variance after each step in any unit, shape (289,), first 0."""
        return np.arange(N_STEPS + 1, dtype=np.float64)

    def _returns(self, candles: Candles) -> Floats:
        """Return the five-minute returns of candles that follow the newest one seen."""
        return step_returns(candles, before=(self.as_of, self.spot))

    def _distribution(self, horizon: Horizon) -> Distribution:
        if self._spreads is None or self._spreads[0] != self.as_of:
            self._spreads = self.as_of, widening(self._widths())
        return distribution_at(self._spreads[1], horizon)

    def variances(self, horizons: tuple[Horizon, ...] = HORIZONS) -> Floats:
        """Return the squared scale at the laws' horizons up to a day, and the variance of the law elsewhere.

        The laws around the scale follow the shape of the last months of outcomes. That makes them right as laws; for the course of the
        variance it is noise, the more so as the variance of a t law hangs on its tails.
        """
        found = super().variances(horizons)
        squares = np.square(self._scales())
        for i, j in _within_a_day(horizons):
            found[i] = squares[j]
        return found

    def _walk(self, candles: Candles, origins: Ints, horizons: tuple[Horizon, ...]) -> tuple[Floats, Floats]:
        # Only what depends on the moment is done one by one; building and rounding the laws costs less for all at once.
        spreads = []
        squares = np.empty((len(origins), N_SHORT))
        seen = 0
        for i, row in enumerate(np.searchsorted(candles.closed_at, origins, side="right").tolist()):
            self.observe(candles[seen:row])
            seen = row
            spreads.append(widening(self._widths()))
            squares[i] = np.square(self._scales())[:N_SHORT]
        self.observe(candles[seen:])
        laws = np.array(spreads).reshape(len(origins), len(GRID_STEPS), -1)
        quantiles = publish_many(np.stack([quantiles_at(laws, horizon) for horizon in horizons], axis=1))
        variances = law_variances(quantiles.reshape(-1, quantiles.shape[-1])).reshape(quantiles.shape[:2])
        for i, j in _within_a_day(horizons):
            variances[:, i] = squares[:, j]
        return quantiles, variances

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        return self._paths_by_step(n_paths, n_steps, rng).T

    def _paths_by_step(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        raw = np.empty((N_STEPS + 1, n_paths))
        raw[0] = 0.0
        self._simulate(raw[1:], rng)
        # Row by row, which is three times as fast as cumsum down the columns and adds in the same order.
        for before, after in pairwise(raw):
            np.add(after, before, out=after)
        return anchor_paths(raw, self.quantiles(self.anchors), self._clock())[: n_steps + 1]


def _within_a_day(horizons: tuple[Horizon, ...]) -> list[tuple[int, int]]:
    """Return where horizons up to a day that have a law of their own stand, among those asked for and on the laws' grid."""
    near = GRID[:N_SHORT]
    return [(i, near.index(horizon)) for i, horizon in enumerate(horizons) if horizon in near]


def symmetric_t(n_paths: int, nu: float, rng: np.random.Generator) -> Floats:
    """Return t-distributed steps of unit scale, shape (288, n_paths), every path with its mirror image as far as the number is even."""
    half = rng.standard_t(nu, size=(N_STEPS, (n_paths + 1) // 2))
    return np.concatenate((half, -half), axis=1)[:, :n_paths]
