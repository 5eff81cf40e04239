"""A model small enough to know the answer of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from btcforecast.core import LEVELS, Candles, Distribution, Floats, Horizon
from btcforecast.engine.models.contract import Model, State


class Gaussian(Model):
    """Normal returns whose size is that of the training window."""

    name: ClassVar[str] = "gaussian"
    min_candles: ClassVar[int] = 100
    widen: ClassVar[float] = 1.0

    def __init__(self, step: float) -> None:
        self.step = step
        self.n_seen = 0

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        return cls(float(np.std(np.diff(np.log(history.close)))) * cls.widen)

    def _observe(self, candles: Candles) -> None:
        self.n_seen += len(candles)

    def _distribution(self, horizon: Horizon) -> Distribution:
        return Distribution(ndtri(LEVELS) * self.step * np.sqrt(horizon.n_steps))

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        steps = rng.standard_normal((n_paths, n_steps)) * self.step
        return np.c_[np.zeros(n_paths), np.cumsum(steps, axis=1)]

    def _state(self) -> State:
        return {"step": np.float64(self.step)}  # type: ignore[dict-item]  # a scalar array is enough here

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        return cls(float(state["step"]))


class Wide(Gaussian):
    """The same, three times too wide."""

    name: ClassVar[str] = "wide"
    widen: ClassVar[float] = 3.0
