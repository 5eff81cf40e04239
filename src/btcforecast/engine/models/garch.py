"""The econometrician's baseline: GARCH(1,1) with t innovations, at the three time scales where it is strong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from btcforecast.core import Candles, Floats, Ints
from btcforecast.engine.models.contract import N_STEPS, State
from btcforecast.engine.models.laws import GRID_STEPS, Laws, fit_laws, origins
from btcforecast.engine.models.scaled import ScaledModel

_INTERVALS_S: Final = (300, 3600, 86400)
_WINDOWS_DAYS: Final = (90, 1095, 1200)
"""How much history each of the three is estimated on."""
_PROCESS: Final = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2])
"""Which of the three gives the scale at each horizon of the laws' grid: five-minute to 4 h, hourly to 24 h, daily beyond."""
_PERSISTENCE_MAX: Final = 0.99999
"""Estimates at or above one have no long-run variance to return to."""
_FLOOR: Final = 1e-14


@dataclass(slots=True)
class Garch:
    """One GARCH(1,1)-t process on the closes of one interval: σ²ₜ₊₁ = ω + α r²ₜ + β σ²ₜ (Bollerslev 1986, 1987).

    variance: of the next return. close, closed_at: the newest close on the interval's grid. Where the close before is missing there is
    no return, and the variance stays.
    """

    interval_s: int
    omega: float
    alpha: float
    beta: float
    nu: float
    variance: float
    closed_at: int = 0
    close: float = 1.0

    @classmethod
    def fit(cls, candles: Candles, interval_s: int) -> Self:
        """Return the process estimated by maximum likelihood, at its average variance and before the first candle."""
        # Imported here because arch brings pandas, which only a fit needs.
        from arch import arch_model  # noqa: PLC0415  # see above

        _, returns = _grid_returns(candles, interval_s, (0, 1.0))
        unit = float(np.std(returns)) or 1.0
        found = (
            arch_model(returns / unit, mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False)
            .fit(disp="off", show_warning=False)
            .params
        )
        omega, alpha, beta, nu = (float(found[name]) for name in ("omega", "alpha[1]", "beta[1]", "nu"))
        return cls(interval_s, omega * unit**2, alpha, beta, nu, unit**2)

    def run(self, candles: Candles) -> tuple[Ints, Floats]:
        """Take in candles; return the instants of the returns found and the variance forecast after each."""
        closed_at, returns = _grid_returns(candles, self.interval_s, (self.closed_at, self.close))
        rows = np.flatnonzero(candles.closed_at % self.interval_s == 0)
        if len(rows):
            self.closed_at, self.close = int(candles.closed_at[rows[-1]]), float(candles.close[rows[-1]])
        if not len(returns):
            return closed_at, returns
        variances, _ = lfilter([1.0], [1.0, -self.beta], self.omega + self.alpha * returns**2, zi=[self.beta * self.variance])
        self.variance = float(variances[-1])
        return closed_at, variances

    def ahead(self, variance: Floats | float, n_steps: Floats | float) -> Floats:
        """Return the expected variance of the return over `n_steps` intervals, given that of the next one.

        Less than one interval counts as its share of one.
        """
        persistence = min(self.alpha + self.beta, _PERSISTENCE_MAX)
        usual = self.omega / (1 - persistence)
        whole = np.maximum(n_steps, 1.0)
        total = whole * usual + (variance - usual) * (1 - persistence**whole) / (1 - persistence)
        return np.asarray(np.maximum(total * np.minimum(n_steps, 1.0), _FLOOR))

    def simulate(self, n_paths: int, rng: np.random.Generator) -> Floats:
        """Return simulated returns, shape (288, n_paths); each path's mirror image has the same variances and is simulated with it."""
        half = rng.standard_t(self.nu, size=(N_STEPS, (n_paths + 1) // 2)) * np.sqrt((self.nu - 2) / self.nu)
        variance = np.full(half.shape[1], self.variance)
        for step in range(N_STEPS):
            half[step] *= np.sqrt(variance)
            variance = self.omega + self.alpha * half[step] ** 2 + self.beta * variance
        return np.concatenate((half, -half), axis=1)[:, :n_paths]

    def as_row(self) -> Floats:
        """Return all fields as numbers."""
        fields = (self.interval_s, self.omega, self.alpha, self.beta, self.nu, self.variance, self.closed_at, self.close)
        return np.array(fields, np.float64)

    @classmethod
    def from_row(cls, row: Floats) -> Self:
        """Return the process that `as_row` described."""
        interval_s, omega, alpha, beta, nu, variance, closed_at, close = (float(value) for value in row)
        return cls(int(interval_s), omega, alpha, beta, nu, variance, int(closed_at), close)


class GarchVolatility(ScaledModel):
    """Three GARCH(1,1)-t processes, each for the horizons where it does best; paths are simulated from the five-minute one."""

    name: ClassVar[str] = "garch"
    min_candles: ClassVar[int] = 180 * 288

    def __init__(self, laws: Laws, processes: tuple[Garch, ...]) -> None:
        self.laws, self.processes = laws, processes

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        rows = origins(history, skip_days=30)
        variances = np.empty((len(rows), len(GRID_STEPS)))
        processes = []
        for i, (interval_s, days) in enumerate(zip(_INTERVALS_S, _WINDOWS_DAYS, strict=True)):
            process = Garch.fit(history.since(history.as_of - days * 86400), interval_s)
            closed_at, found = process.run(history)
            # Between two closes of the interval the last forecast stands.
            newest = np.searchsorted(closed_at, history.closed_at[rows], side="right") - 1
            for j in np.flatnonzero(i == _PROCESS):
                variances[:, j] = process.ahead(found[newest], GRID_STEPS[j] * 300 / interval_s)
            processes.append(process)
        return cls(fit_laws(history, rows, np.sqrt(variances)), tuple(processes))

    def _observe(self, candles: Candles) -> None:
        for process in self.processes:
            process.run(candles)

    def _scales(self) -> Floats:
        steps = (
            process.ahead(process.variance, GRID_STEPS[i == _PROCESS] * 300 / process.interval_s)
            for i, process in enumerate(self.processes)
        )
        return np.asarray(np.sqrt(np.concatenate(list(steps))))

    def _simulate(self, steps: Floats, rng: np.random.Generator) -> None:
        steps[:] = self.processes[0].simulate(steps.shape[1], rng)

    def _clock(self) -> Floats:
        process = self.processes[0]
        return np.concatenate((np.zeros(1), process.ahead(process.variance, np.arange(1.0, N_STEPS + 1))))

    def _state(self) -> State:
        return {**self.laws.state(), "processes": np.vstack([process.as_row() for process in self.processes])}

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        rows = np.asarray(state["processes"], np.float64)
        return cls(Laws.from_state(state), tuple(Garch.from_row(row) for row in rows))


def _grid_returns(candles: Candles, interval_s: int, before: tuple[int, float]) -> tuple[Ints, Floats]:
    """Return the log returns between adjacent closes on the interval's grid, and when they ended."""
    rows = np.flatnonzero(candles.closed_at % interval_s == 0)
    closed_at = np.concatenate(([before[0]], candles.closed_at[rows]))
    close = np.concatenate(([before[1]], candles.close[rows]))
    is_adjacent = np.diff(closed_at) == interval_s
    return closed_at[1:][is_adjacent], np.log(close[1:] / close[:-1])[is_adjacent]
