"""The practitioner's baseline: an exponentially weighted mean of squared returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Candles, Floats
from btcforecast.engine.features.ewma import Ewma
from btcforecast.engine.features.returns import step_returns
from btcforecast.engine.models.contract import State
from btcforecast.engine.models.laws import GRID_STEPS, Laws, fit_laws, origins
from btcforecast.engine.models.scaled import ScaledModel, symmetric_t

_HALF_LIVES: Final = (36.0, 288.0, 288 * 11.2)
"""In candles: three hours for horizons up to 4 h, a day up to 24 h, and RiskMetrics' daily decay of 0.94 beyond."""
_MEAN: Final = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2])
"""Which of the three gives the scale at each horizon of the laws' grid."""
_FLOOR: Final = 1e-14
"""A market that does not move at all for days must not make a scale of zero."""


class EwmaVolatility(ScaledModel):
    """Volatility is that of the recent past and stays: scale √(steps × EWMA of squared returns), law t."""

    name: ClassVar[str] = "ewma"
    min_candles: ClassVar[int] = 60 * 288 * 9 // 10

    def __init__(self, laws: Laws, means: tuple[Ewma, ...]) -> None:
        self.laws, self.means = laws, means

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        squared = step_returns(history) ** 2
        means = tuple(Ewma(half_life) for half_life in _HALF_LIVES)
        rows = origins(history, skip_days=14)
        by_mean = np.column_stack([mean.run(squared)[rows] for mean in means])
        return cls(fit_laws(history, rows, _scales(by_mean[:, _MEAN])), means)

    def _observe(self, candles: Candles) -> None:
        squared = self._returns(candles) ** 2
        for mean in self.means:
            mean.update(squared)

    def _scales(self) -> Floats:
        return _scales(np.array([mean.value for mean in self.means])[_MEAN])

    def _simulate(self, steps: Floats, rng: np.random.Generator) -> None:
        # The mean of a day sets the pace of the whole day; the quantiles anchor the first hours to the quicker one.
        scale = np.exp(self.laws.level[0]) * np.sqrt(max(self.means[1].value, _FLOOR))
        np.multiply(scale, symmetric_t(steps.shape[1], self.laws.nu[0], rng), out=steps)

    def _state(self) -> State:
        return {
            **self.laws.state(),
            "mean_raw": np.array([mean.raw for mean in self.means]),
            "mean_n": np.array([mean.n for mean in self.means]),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        raw, n = np.asarray(state["mean_raw"], np.float64), np.asarray(state["mean_n"], np.int64)
        means = tuple(Ewma(half_life, float(raw[i]), int(n[i])) for i, half_life in enumerate(_HALF_LIVES))
        return cls(Laws.from_state(state), means)


def _scales(variances: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(variances, _FLOOR) * GRID_STEPS))
