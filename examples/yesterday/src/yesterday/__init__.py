"""A model in sixty lines: tomorrow will be as lively as the past day, and returns are normal."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import LEVELS, Candles, Distribution, Floats, Horizon
from btcforecast.engine.features.returns import step_returns
from btcforecast.engine.models.contract import Model, State

NORMAL_QUANTILES = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
A_DAY = 288


class Yesterday(Model):
    """Volatility of the newest 288 returns, the same at every horizon; normal law; no drift."""

    name: ClassVar[str] = "yesterday"
    min_candles: ClassVar[int] = A_DAY

    def __init__(self, returns: Floats) -> None:
        self.returns = returns

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        return cls(step_returns(history)[-A_DAY:])

    def _observe(self, candles: Candles) -> None:
        # `as_of` and `spot` still belong to the candle before these.
        new = step_returns(candles, before=(self.as_of, self.spot))
        self.returns = np.concatenate((self.returns, new))[-A_DAY:]

    def _volatility(self) -> float:
        return float(np.sqrt(np.mean(self.returns**2))) + 1e-7

    def _distribution(self, horizon: Horizon) -> Distribution:
        return Distribution(self._volatility() * np.sqrt(horizon.n_steps) * NORMAL_QUANTILES)

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        steps = self._volatility() * rng.standard_normal((n_paths, n_steps))
        return np.concatenate((np.zeros((n_paths, 1)), np.cumsum(steps, axis=1)), axis=1)

    def _state(self) -> State:
        return {"returns": self.returns}

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        return cls(np.asarray(state["returns"], np.float64))
