"""A probability distribution as its quantiles on one fixed grid of levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike

from btcforecast.core.candles import Floats
from btcforecast.core.errors import InputError

LEVELS: Final[Floats] = np.array([0.001, 0.0025, 0.005, *(percent / 100 for percent in range(1, 100)), 0.995, 0.9975, 0.999])
"""The quantile levels of every published distribution: 1 % to 99 % by one, and three on either side; shape (105,)."""
LEVELS.flags.writeable = False

DECIMALS: Final = 8
"""Published quantiles of log returns are rounded to this many decimals: a ten-thousandth of a basis point."""


def logit(levels: ArrayLike) -> Floats:
    """Return ln(p / (1 − p))."""
    p = np.asarray(levels, np.float64)
    return np.asarray(np.log(p) - np.log1p(-p))


_LOGIT_LEVELS: Final = logit(LEVELS)


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """The law of a log return.

    quantiles: float64, shape (105,), strictly increasing, at `LEVELS`.

    Between grid levels the quantile is linear in the logit of the level, and beyond the grid it goes on with the slope of the
    outermost step, so tails are exponential: heavier than normal, and both directions have a closed form.
    """

    quantiles: Floats

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.quantiles, np.float64).view()
        if values.shape != LEVELS.shape or not np.all(np.isfinite(values)) or not np.all(np.diff(values) > 0):
            message = f"A distribution needs {len(LEVELS)} finite, strictly increasing quantiles."
            raise InputError(message)
        values.flags.writeable = False
        object.__setattr__(self, "quantiles", values)

    @classmethod
    def from_samples(cls, samples: ArrayLike) -> Self:
        """Return the empirical distribution of the samples, ties parted by the least representable amount."""
        quantiles = np.quantile(np.asarray(samples, np.float64), LEVELS)
        return cls(_strictly_increasing(quantiles))

    @classmethod
    def average(cls, parts: Sequence[Self]) -> Self:
        """Return the mean of the parts' quantiles, level by level (Vincentization)."""
        return cls(np.mean([part.quantiles for part in parts], axis=0))

    def quantile(self, levels: ArrayLike) -> Floats:
        """Return the values below which the outcome falls with these probabilities, each in (0, 1)."""
        p = np.asarray(levels, np.float64)
        if np.any(p <= 0) or np.any(p >= 1):
            message = "A quantile level lies strictly between 0 and 1."
            raise InputError(message)
        return _piecewise(logit(p), _LOGIT_LEVELS, self.quantiles)

    def cdf(self, values: ArrayLike) -> Floats:
        """Return the probabilities that the outcome is at most each value."""
        z = _piecewise(np.asarray(values, np.float64), self.quantiles, _LOGIT_LEVELS)
        return np.asarray(1 / (1 + np.exp(-np.clip(z, -700, 700))))

    def probability_above(self, value: float) -> float:
        """Return the probability that the outcome exceeds the value."""
        return float(1 - self.cdf(value))

    def interval(self, coverage: float) -> tuple[float, float]:
        """Return the ends of the central interval that holds the outcome with probability `coverage`."""
        low, high = self.quantile([(1 - coverage) / 2, (1 + coverage) / 2])
        return float(low), float(high)

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Return `n` independent draws."""
        return self.quantile(np.clip(rng.random(n), 1e-12, 1 - 1e-12))

    @property
    def median(self) -> float:
        """Return the value that the outcome exceeds half of the time."""
        return float(self.quantiles[len(LEVELS) // 2])

    def rounded(self) -> Self:
        """Return the distribution as it is published, rounded to `DECIMALS`."""
        return type(self)(_strictly_increasing(np.round(self.quantiles, DECIMALS), 10.0**-DECIMALS))


def publish_many(quantiles: Floats) -> Floats:
    """Return many laws as they are published: what `Distribution(row).rounded()` makes of each row; shape (…, 105)."""
    steps = np.diff(quantiles, axis=-1)
    if quantiles.shape[-1:] != LEVELS.shape or not np.all(steps > 0) or not np.all(np.isfinite(quantiles)):
        raise InputError(f"A distribution needs {len(LEVELS)} finite, strictly increasing quantiles.")
    rounded = np.round(quantiles, DECIMALS)
    for tied in zip(*np.nonzero(np.any(rounded[..., 1:] <= rounded[..., :-1], axis=-1)), strict=True):
        rounded[tied] = _strictly_increasing(rounded[tied], 10.0**-DECIMALS)
    return rounded


def _strictly_increasing(values: Floats, step: float | None = None) -> Floats:
    """Lift ties by `step` (or by the least representable amount) so that every value exceeds the one before it."""
    if np.all(values[1:] > values[:-1]):
        return values
    lifted = values.copy()
    for i in range(1, len(lifted)):
        if lifted[i] <= lifted[i - 1]:
            lifted[i] = np.nextafter(lifted[i - 1], np.inf) if step is None else round(lifted[i - 1] + step, DECIMALS)
    return lifted


def _piecewise(at: Floats, xs: Floats, ys: Floats) -> Floats:
    """Interpolate linearly through (xs, ys), going on with the outermost slopes beyond either end."""
    inside = np.interp(at, xs, ys)
    low = ys[0] + (at - xs[0]) * (ys[1] - ys[0]) / (xs[1] - xs[0])
    high = ys[-1] + (at - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
    return np.asarray(np.where(at < xs[0], low, np.where(at > xs[-1], high, inside)))
