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

_FAST: Final = 144.0
"""Half a day of candles, for horizons up to a day."""
_SLOW: Final = 288 * 11.2
"""RiskMetrics' daily decay of 0.94 as a half-life in candles, for longer horizons."""
_IS_SLOW: Final = GRID_STEPS > 288


class EwmaVolatility(ScaledModel):
    """Volatility is that of the recent past and stays: scale √(steps × EWMA of squared five-minute returns), law t."""

    name: ClassVar[str] = "ewma"
    min_candles: ClassVar[int] = 60 * 288 * 9 // 10

    def __init__(self, laws: Laws, fast: Ewma, slow: Ewma) -> None:
        self.laws, self.fast, self.slow = laws, fast, slow

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        squared = step_returns(history) ** 2
        fast, slow = Ewma(_FAST), Ewma(_SLOW)
        rows = origins(history, skip_days=14)
        variances = np.where(_IS_SLOW, slow.run(squared)[rows, None], fast.run(squared)[rows, None])
        return cls(fit_laws(history, rows, _scales(variances)), fast, slow)

    def _observe(self, candles: Candles) -> None:
        squared = self._returns(candles) ** 2
        self.fast.update(squared)
        self.slow.update(squared)

    def _scales(self) -> Floats:
        return _scales(np.where(_IS_SLOW, self.slow.value, self.fast.value))

    def _simulate(self, n_paths: int, rng: np.random.Generator) -> Floats:
        scale = np.exp(self.laws.level[0]) * self._scales()[0]
        return np.asarray(scale * symmetric_t(n_paths, self.laws.nu[0], rng))

    def _state(self) -> State:
        return {
            **self.laws.state(),
            "ewma_raw": np.array([self.fast.raw, self.slow.raw]),
            "ewma_n": np.array(self.fast.n),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        fast, slow = (float(raw) for raw in np.asarray(state["ewma_raw"], np.float64))
        n = int(np.asarray(state["ewma_n"], np.int64))
        return cls(Laws.from_state(state), Ewma(_FAST, fast, n), Ewma(_SLOW, slow, n))


def _scales(variances: Floats) -> Floats:
    # A market that does not move at all for days must not make a scale of zero.
    return np.asarray(np.sqrt(np.maximum(variances, 1e-14) * GRID_STEPS))
