"""The prices that every venue of the local exchange quotes: generated, seeded, the same at each reading."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

STEP_S = 300
DAY_S = 86400
_PER_DAY = DAY_S // STEP_S
FIRST_DAY = 1_640_995_200  # 2022-01-01
FIRST_PRICE = 40_000.0

Row = tuple[int, float, float, float, float, float]


@dataclass
class Tape:
    """A random walk that is drawn a day at a time, so that any stretch of it can be read again."""

    seed: int = 1
    _closes: list[np.ndarray] = field(default_factory=list)

    def _day(self, day: int) -> np.ndarray:
        while len(self._closes) <= day:
            n = len(self._closes)
            steps = np.random.default_rng([self.seed, n]).standard_t(4, _PER_DAY) * 0.0008
            last = self._closes[-1][-1] if n else FIRST_PRICE
            self._closes.append(last * np.exp(np.cumsum(steps)))
        return self._closes[day]

    def close(self, opened_at: int) -> float:
        day, second = divmod(opened_at - FIRST_DAY, DAY_S)
        return float(self._day(day)[second // STEP_S])

    def row(self, opened_at: int) -> Row:
        """The candle that opened then: opened_at, open, high, low, close, volume."""
        opened, close = self.close(opened_at - STEP_S), self.close(opened_at)
        wick = abs(math.sin(opened_at)) * 0.0004
        high, low = max(opened, close) * (1 + wick), min(opened, close) * (1 - wick)
        volume = 5 + 4 * math.sin(opened_at / DAY_S * 2 * math.pi)
        return (opened_at, round(opened, 2), round(high, 2), round(low, 2), round(close, 2), round(volume, 6))
