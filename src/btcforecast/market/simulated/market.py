"""The generator's face: candles of any span, and the price at any instant."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

import numpy as np

from btcforecast.core import BASE, Candles, Floats, Ints, to_rfc3339
from btcforecast.core.errors import InputError
from btcforecast.market.simulated.season import STEPS_PER_DAY
from btcforecast.market.simulated.steps import TICKS_PER_STEP, Day, State, generator, walk

ANCHOR_AT: Final = 1_672_531_200
"""2023-01-01T00:00:00Z, where every simulated market begins."""
_FIRST_DAY: Final = ANCHOR_AT // 86400
_LAST_DAY: Final = _FIRST_DAY + 30 * 365
_TICK_MS: Final = BASE.seconds * 1000 // TICKS_PER_STEP
_DAYS_OF_TICKS_KEPT: Final = 4


class SimulatedMarket:
    """A market that exists in the seed: the same seed gives the same price at the same instant, whatever was asked before.

    Safe to use from several threads. What was walked once is kept (7 kB a day); the first call walks from 2023 on.
    """

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise InputError(f"The seed of the simulated market is a whole number from 0 up; {seed} is not.")
        self.seed: Final = seed
        self._days: list[Day] = []
        self._state = State.first(seed)
        self._ticks: OrderedDict[int, Floats] = OrderedDict()
        self._lock = Lock()

    def candles(self, opened_from: int, opened_before: int) -> Candles:
        """Return every candle opened in [opened_from, opened_before); there are none missing, and none before 2023.

        The future exists too: it is for the caller to ask for finished candles only.
        """
        first, before = -BASE.floor(-opened_from), -BASE.floor(-opened_before)
        if before <= first:
            return Candles.empty()
        days = range(_day_of(first), _day_of(before - 1) + 1)
        bars = np.concatenate([_bars(self._ticks_of(day), self._day(day).volume) for day in days], axis=1)
        opened_at: Ints = np.arange(days.start * 86400, days.stop * 86400, BASE.seconds, dtype=np.int64)
        inside = slice((first - days.start * 86400) // BASE.seconds, (before - days.start * 86400) // BASE.seconds)
        return Candles(opened_at[inside], *(column[inside] for column in bars))

    def price_at(self, at_ms: int) -> float:
        """Return the price at an instant in Unix milliseconds; it moves every five seconds.

        The candle of that instant opens with its first price, closes with its last, and its high and low are among them.
        """
        day = _day_of(at_ms // 1000)
        return float(self._ticks_of(day)[(at_ms - day * 86_400_000) // _TICK_MS])

    def _day(self, day: int) -> Day:
        with self._lock:
            while len(self._days) <= day - _FIRST_DAY:
                found, self._state = walk(self._state, seed=self.seed, day=_FIRST_DAY + len(self._days))
                self._days.append(found)
            return self._days[day - _FIRST_DAY]

    def _ticks_of(self, day: int) -> Floats:
        """Return the 17,280 prices of a day."""
        steps = self._day(day)
        with self._lock:
            if day not in self._ticks:
                self._ticks[day] = _ticks(steps, generator(self.seed, day=day, purpose="ticks"))
                if len(self._ticks) > _DAYS_OF_TICKS_KEPT:
                    self._ticks.popitem(last=False)
            return self._ticks[day]


def _day_of(at: int) -> int:
    day = at // 86400
    if not _FIRST_DAY <= day <= _LAST_DAY:
        last = to_rfc3339(_LAST_DAY * 86400)[:10]
        raise InputError(f"The simulated market reaches from 2023-01-01 to {last}; {to_rfc3339(at)} is outside.")
    return day


def _ticks(day: Day, rng: np.random.Generator) -> Floats:
    """Return the prices within the steps: Brownian bridges from one step's end to the next, with the jump at its tick."""
    noise = rng.standard_normal((STEPS_PER_DAY, TICKS_PER_STEP))
    fraction = np.arange(1, TICKS_PER_STEP + 1) / TICKS_PER_STEP
    course = np.cumsum(noise, axis=1) * (day.scale / np.sqrt(TICKS_PER_STEP))[:, None]
    start = np.r_[day.before, day.log_price[:-1]]
    without_jump = day.log_price - start - day.jump
    course += fraction * (without_jump - course[:, -1])[:, None]
    course += day.jump[:, None] * (np.arange(TICKS_PER_STEP) >= day.jump_tick[:, None])
    prices: Floats = np.round(np.exp(start[:, None] + course), 2).ravel()
    return prices


def _bars(ticks: Floats, volume: Floats) -> Floats:
    """Return open, high, low, close and volume of the steps whose prices these are."""
    prices = ticks.reshape(-1, TICKS_PER_STEP)
    return np.stack([prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, -1], volume])
