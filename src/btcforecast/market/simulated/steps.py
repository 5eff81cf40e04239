"""The course of the simulated price in five-minute steps: stochastic volatility, fat tails, jumps.

log price   x[i] = x̄ + 2^(−1/H) (x[i−1] − x̄) + σ s[i] exp(Σ h[i] − Σ var h) t[i] + jump[i]
volatility  h[i] = 2^(−1/H) h[i−1] + noise, one for each of several half-lives H (Taylor 1986; several scales after
            Calvet and Fisher 2004, doi 10.1093/jjfinec/nbh003)

s: the season of the week; t: Student's t of unit variance. Returns have mean zero but for a pull to x̄ with a half-life of
a quarter of a year, which keeps prices in the realm of what Bitcoin cost; within a day it moves them by a sixteenth of a standard
deviation, too little to be seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import Floats, Ints
from btcforecast.market.simulated.season import STEPS_PER_DAY, season

_YEARLY_VOLATILITY: Final = 0.5
_STEP_SIGMA: Final = _YEARLY_VOLATILITY / np.sqrt(365 * STEPS_PER_DAY)
_TAIL_DEGREES: Final = 5.0
_MEAN_LOG_PRICE: Final = float(np.log(85_000))
_PULL_HALF_LIFE: Final = 90 * STEPS_PER_DAY

_FACTORS: Final = ((12, 0.30), (144, 0.30), (10 * STEPS_PER_DAY, 0.30), (90 * STEPS_PER_DAY, 0.15))
"""Half-life in steps, and standard deviation of the log volatility, of each factor."""

_JUMPS_PER_DAY: Final = 0.4
_JUMP_SCALE: Final = 0.0035

TICKS_PER_STEP: Final = 60
"""Prices within a step: one every five seconds."""

_PURPOSES: Final = {"steps": 0, "ticks": 1}


@dataclass(frozen=True, slots=True)
class State:
    """What one day leaves to the next: the log price and the volatility factors."""

    log_price: float
    factors: tuple[float, ...]

    @classmethod
    def first(cls, seed: int) -> State:
        """Return where the market of this seed begins, drawn from its long-run law."""
        rng = generator(seed, day=0, purpose="steps")
        factors = tuple(sd * float(rng.standard_normal()) for _, sd in _FACTORS)
        return cls(_MEAN_LOG_PRICE + 0.2 * float(rng.standard_normal()), factors)


@dataclass(frozen=True, slots=True)
class Day:
    """The steps of one UTC day.

    before: log price at the day's start. log_price: at the end of each step. scale: volatility of each step's return
    without its jump. jump: part of the return that comes at once, with the tick where it comes. volume: base units.
    """

    before: float
    log_price: Floats
    scale: Floats
    jump: Floats
    jump_tick: Ints
    volume: Floats


def generator(seed: int, *, day: int, purpose: str) -> np.random.Generator:
    """Return the random numbers of one day for one purpose: any day's can be had without those before."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, day, _PURPOSES[purpose]))))


def walk(state: State, *, seed: int, day: int) -> tuple[Day, State]:
    """Return the steps of a day, counted from 1970-01-01 UTC, and what it leaves to the next."""
    rng = generator(seed, day=day, purpose="steps")
    factors = [
        _drawn_back(level, sd * np.sqrt(1 - _keep(half_life) ** 2) * rng.standard_normal(STEPS_PER_DAY), _keep(half_life))
        for level, (half_life, sd) in zip(state.factors, _FACTORS, strict=True)
    ]
    log_volatility = np.sum(factors, axis=0) - sum(sd**2 for _, sd in _FACTORS)
    relative = season(day) * np.exp(log_volatility)
    scale = _STEP_SIGMA * relative
    shock = rng.standard_t(_TAIL_DEGREES, STEPS_PER_DAY) * np.sqrt((_TAIL_DEGREES - 2) / _TAIL_DEGREES)
    has_jump = rng.random(STEPS_PER_DAY) < _JUMPS_PER_DAY / STEPS_PER_DAY
    jump = np.where(has_jump, rng.laplace(0, _JUMP_SCALE, STEPS_PER_DAY), 0.0)
    jump_tick = rng.integers(0, TICKS_PER_STEP, STEPS_PER_DAY)
    from_mean = _drawn_back(state.log_price - _MEAN_LOG_PRICE, scale * shock + jump, _keep(_PULL_HALF_LIFE))
    # Volume goes with volatility and with the size of the move.
    volume = 12 * relative * (0.4 + np.abs(shock)) * np.exp(0.5 * rng.standard_normal(STEPS_PER_DAY)) + 1e-3
    log_price = from_mean + _MEAN_LOG_PRICE
    found = Day(state.log_price, log_price, scale, jump, jump_tick, np.round(volume, 8))
    return found, State(float(log_price[-1]), tuple(float(factor[-1]) for factor in factors))


def _keep(half_life: float) -> float:
    return float(0.5 ** (1 / half_life))


def _drawn_back(level: float, noise: Floats, keep: float) -> Floats:
    """Return level[i] = keep × level[i−1] + noise[i], from the level before.

    As one sum instead of a loop; a day is short enough that keep^-288 stays within float64 for every half-life used.
    """
    power = keep ** np.arange(1, len(noise) + 1)
    return power * (level + np.cumsum(noise / power))
