"""Exponentially weighted means that can be carried on from one candle to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from btcforecast.core import Floats


@dataclass(slots=True)
class Ewma:
    """A running mean in which the weight of a value halves every `half_life` values; corrected for its empty start.

    Many values at once and the same values one by one give the same bits: both run through the same compiled recursion,
    y ← a y + (1 − a) x with a = 2^(−1/half_life), and y is the only thing carried.
    """

    half_life: float
    raw: float = 0.0
    n: int = 0

    @property
    def value(self) -> float:
        """Return the mean of what was seen: y / (1 − aⁿ)."""
        return self.raw / (1 - self._decay**self.n)

    @property
    def _decay(self) -> float:
        return float(0.5 ** (1 / self.half_life))

    def update(self, values: Floats) -> None:
        """Take in values, oldest first."""
        self._filter(values)

    def step(self, value: float) -> None:
        """Take in one value, without the cost of a compiled call; for series that always come so."""
        decay = self._decay
        self.raw, self.n = decay * self.raw + (1 - decay) * value, self.n + 1

    def run(self, values: Floats) -> Floats:
        """Take in values and return the mean after each of them, shape (n,)."""
        before = self.n
        raw = self._filter(values)
        return np.asarray(raw / (1 - self._decay ** np.arange(before + 1, self.n + 1)))

    def _filter(self, values: Floats) -> Floats:
        if not len(values):
            return values
        decay = self._decay
        raw, _ = lfilter([1 - decay], [1, -decay], values, zi=[decay * self.raw])
        self.raw, self.n = float(raw[-1]), self.n + len(values)
        return np.asarray(raw)
