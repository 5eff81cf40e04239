"""The plainest baseline: volatility never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Candles, Floats
from btcforecast.engine.models.contract import State
from btcforecast.engine.models.laws import GRID_STEPS, Laws, fit_laws, origins
from btcforecast.engine.models.scaled import ScaledModel, symmetric_t


class RandomWalk(ScaledModel):
    """Constant volatility, refitted with each fit: at every horizon the t law of the past three years' returns."""

    name: ClassVar[str] = "random_walk"
    min_candles: ClassVar[int] = 60 * 288 * 9 // 10

    def __init__(self, laws: Laws) -> None:
        self.laws = laws

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        rows = origins(history, skip_days=0)
        return cls(fit_laws(history, rows, np.tile(np.sqrt(GRID_STEPS), (len(rows), 1))))

    def _observe(self, candles: Candles) -> None:
        """Learn nothing between fits: that is what constant means."""

    def _scales(self) -> Floats:
        return np.asarray(np.sqrt(GRID_STEPS))

    def _simulate(self, steps: Floats, rng: np.random.Generator) -> None:
        np.multiply(np.exp(self.laws.level[0]), symmetric_t(steps.shape[1], self.laws.nu[0], rng), out=steps)

    def _state(self) -> State:
        return self.laws.state()

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        return cls(Laws.from_state(state))
