"""Heterogeneous autoregression of log realised variance: the mean of an hour, a day, a week and a month, regressed together.

Corsi 2009 (doi:10.1093/jjfinec/nbp001), in logarithms, on five-minute returns whose intraday season is divided out; the regression also sees
six hours, without which a day is too coarse for the horizons within it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Candles, Floats, Ints
from btcforecast.engine.features.deseasonalised import Deseasonalised
from btcforecast.engine.features.season import Season
from btcforecast.engine.models.contract import N_STEPS, State
from btcforecast.engine.models.laws import GRID_STEPS, YEAR_S, Laws, fit_laws, origins
from btcforecast.engine.models.scaled import ScaledModel, symmetric_t

_WINDOWS: Final = np.array([12, 72, 288, 2016, 8640])
"""An hour, six hours, a day, a week and a month of candles."""
_WARM_UP_DAYS: Final = 60
_HALF_LIFE_YEARS: Final = 4.0
_RIDGE: Final = 0.001
_LEAST: Final = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class LogHar:
    """The regression at some horizons: ln mean squared size ahead = intercept + coefficients · ln mean squared size behind.

    Shapes (k,) and (k, 5); the sizes are those of `Deseasonalised`.
    """

    intercepts: Floats
    coefficients: Floats

    @classmethod
    def fit(cls, past: Deseasonalised, rows: Ints, *, steps: Ints) -> tuple[Self, Floats]:
        """Return the regressions for so many steps ahead, and the scale that they say at each row, shape (n, k)."""
        squares = past.size**2
        behind = np.log(np.maximum(_trailing(squares, rows), _LEAST))
        age_years = (past.history.as_of - past.history.closed_at[rows]) / YEAR_S
        weights = 0.5 ** (age_years / _HALF_LIFE_YEARS)
        found = [_least_squares(behind, np.log(_ahead(squares, rows, n)), weights) for n in steps.tolist()]
        har = cls(np.array([intercept for intercept, _ in found]), np.vstack([coefficients for _, coefficients in found]))
        expected = np.column_stack([past.squares_ahead(rows, n) for n in steps.tolist()])
        return har, np.asarray(har.sizes(behind) * np.sqrt(expected))

    def sizes(self, behind: Floats) -> Floats:
        """Return the root mean square size ahead, shape (…, k), for logs of the means behind, shape (…, 5)."""
        return np.asarray(np.exp(0.5 * (np.einsum("kf,...f->...k", self.coefficients, behind) + self.intercepts)))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the coefficients as named arrays."""
        return {"har_intercepts": self.intercepts, "har_coefficients": self.coefficients}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the regressions that `state` was taken from."""
        return cls(np.asarray(state["har_intercepts"], np.float64), np.asarray(state["har_coefficients"], np.float64))


@dataclass(slots=True)
class Recent:
    """The squared sizes of the last month of candles, oldest at `next`; shape (8640,), or shorter while history is."""

    squares: Floats
    next: int = 0

    @classmethod
    def after(cls, past: Deseasonalised) -> Self:
        """Return the last month of a history."""
        return cls(past.size[-int(_WINDOWS[-1]) :] ** 2)

    def update(self, size: float) -> None:
        """Take in one candle, in place."""
        self.squares[self.next] = size * size
        self.next = (self.next + 1) % len(self.squares)

    def behind(self) -> Floats:
        """Return the logs of the means over each window, shape (5,)."""
        in_order = np.concatenate((self.squares[self.next :], self.squares[: self.next]))
        return np.log(np.maximum([in_order[-int(n) :].mean() for n in _WINDOWS], _LEAST))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the month as named arrays."""
        return {"recent": self.squares.copy(), "recent_next": np.array(self.next)}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the month that `state` was taken from."""
        return cls(np.array(state["recent"], np.float64), int(np.asarray(state["recent_next"], np.int64)))


class LogHarVolatility(ScaledModel):
    """log-HAR at every horizon, t laws around it, and paths of t steps under the week's profile."""

    name: ClassVar[str] = "log_har"
    min_candles: ClassVar[int] = 180 * 288

    def __init__(self, laws: Laws, har: LogHar, season: Season, recent: Recent) -> None:
        self.laws, self.har, self.season, self.recent = laws, har, season, recent

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        past = Deseasonalised.of(history)
        rows = origins(history, skip_days=_WARM_UP_DAYS)
        har, scales = LogHar.fit(past, rows, steps=GRID_STEPS.astype(np.int64))
        laws = fit_laws(history, rows, scales, is_shrunk=True)
        return cls(laws, har, Season(past.profile()), Recent.after(past))

    def _observe(self, candles: Candles) -> None:
        for size in (np.abs(self._returns(candles)) / self.season.usual(candles.opened_at)).tolist():
            self.recent.update(size)

    def _scales(self) -> Floats:
        return np.asarray(self.har.sizes(self.recent.behind()) * np.sqrt(self.season.squares_ahead(self.as_of, GRID_STEPS)))

    def _simulate(self, steps: Floats, rng: np.random.Generator) -> None:
        step = float(np.exp(self.laws.level[0]) * self.har.sizes(self.recent.behind())[0])
        scales = step * self.season.ahead(self.as_of, N_STEPS)
        np.multiply(symmetric_t(steps.shape[1], float(self.laws.nu[0]), rng), scales[:, None], out=steps)

    def _clock(self) -> Floats:
        return np.concatenate(([0.0], np.cumsum(self.season.ahead(self.as_of, N_STEPS) ** 2)))

    def _state(self) -> State:
        return {
            **self.laws.state(),
            **self.season.state(),
            **self.har.state(),
            **self.recent.state(),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        return cls(Laws.from_state(state), LogHar.from_state(state), Season.from_state(state), Recent.from_state(state))


def _trailing(squares: Floats, rows: Ints) -> Floats:
    """Return the mean over each window that ends at each row, shape (n, 5); shorter where history is."""
    sums = np.concatenate(([0.0], np.cumsum(squares)))
    first = np.maximum(rows[:, None] + 1 - _WINDOWS, 0)
    return np.asarray((sums[rows + 1][:, None] - sums[first]) / (rows[:, None] + 1 - first))


def _ahead(squares: Floats, rows: Ints, n_steps: int) -> Floats:
    """Return the mean over the `n_steps` candles after each row, NaN where they have not all come."""
    sums = np.concatenate(([0.0], np.cumsum(squares)))
    last = rows + 1 + n_steps
    mean = (sums[np.minimum(last, len(squares))] - sums[rows + 1]) / n_steps
    return np.asarray(np.where(last <= len(squares), np.maximum(mean, _LEAST), np.nan))


def _least_squares(x: Floats, y: Floats, weights: Floats) -> tuple[float, Floats]:
    known = np.isfinite(y)
    x, y, w = x[known], y[known], weights[known]
    if not len(y):
        # No outcome of this horizon yet: the long mean stays.
        return 0.0, np.eye(len(_WINDOWS))[-1]
    center, level = np.average(x, axis=0, weights=w), float(np.average(y, weights=w))
    weighted = w[:, None] * (x - center)
    information = weighted.T @ (x - center) + _RIDGE * w.sum() * np.eye(x.shape[1])
    coefficients = np.linalg.solve(information, weighted.T @ (y - level))
    return level - float(coefficients @ center), coefficients
