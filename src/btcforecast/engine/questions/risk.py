"""Value at risk and expected shortfall of one unit, bought or sold at the spot, in closed form from a law.

A law's quantile is linear in z = ln(p / (1 − p)) between two levels, Q(p) = a + b z, and ∫ z dp = p ln p + (1 − p) ln(1 − p), so the mean of a tail
is a sum. Definitions: McNeil, Frey and Embrechts 2015, sections 2.2.2 and 2.2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import LEVELS, Distribution, Floats
from btcforecast.core.distribution import logit
from btcforecast.core.errors import InputError

_LOGITS: Final = logit(LEVELS)
_NODES, _WEIGHTS = (np.asarray(part) for part in np.polynomial.legendre.leggauss(12))


@dataclass(frozen=True, slots=True)
class Risk:
    """What can be lost. Log returns count against the position, so a loss is positive for long and short alike.

    value_at_risk: not exceeded with probability `level`. expected_shortfall: mean loss in the worst 1 − level. The same as a share of
    the spot, which is the loss in quote currency for each unit of it; infinite where a sold unit's mean loss is.
    """

    level: float
    is_long: bool
    value_at_risk: float
    expected_shortfall: float
    value_at_risk_share: float
    expected_shortfall_share: float


def risk(law: Distribution, *, level: float, is_long: bool) -> Risk:
    """Return value at risk and expected shortfall at a confidence level in [0.5, 0.999]."""
    if not 0.5 <= level <= float(LEVELS[-1]):
        raise InputError(f"A level of risk lies between 0.5 and {LEVELS[-1]}; got {level}.")
    # A sold unit loses when the return is high: the same sum over the mirrored law.
    quantiles = law.quantiles if is_long else -law.quantiles[::-1]
    tail = 1 - level
    sign = 1.0 if is_long else -1.0
    at_risk = float(Distribution(quantiles).quantile(tail))
    mean, mean_price = _tail_means(quantiles, tail, sign=sign)
    return Risk(
        level=level,
        is_long=is_long,
        value_at_risk=-at_risk,
        expected_shortfall=-mean,
        value_at_risk_share=sign * float(1 - np.exp(sign * at_risk)),
        expected_shortfall_share=sign * (1 - mean_price),
    )


def _tail_means(quantiles: Floats, tail: float, *, sign: float) -> tuple[float, float]:
    """Return the means of Q and of exp(sign · Q) over the lowest `tail` of probability."""
    slopes = np.diff(quantiles) / np.diff(_LOGITS)
    inner = np.concatenate((LEVELS[tail > LEVELS], [tail]))
    begin, end = inner[:-1], inner[1:]
    slope = slopes[: len(begin)]
    base = quantiles[: len(begin)] - slope * _LOGITS[: len(begin)]
    first = min(float(LEVELS[0]), tail)
    outer_base = float(quantiles[0] - slopes[0] * _LOGITS[0])
    total = outer_base * first + slopes[0] * _logit_integral(first)
    total += float(np.sum(base * (end - begin) + slope * (_logit_integral(end) - _logit_integral(begin))))
    # Gauss and Legendre's rule over each step; the outermost one, where exp(Q) may be without bound, in closed form but for a smooth factor.
    p = (begin + end)[:, None] / 2 + (end - begin)[:, None] / 2 * _NODES
    prices = np.exp(sign * (base[:, None] + slope[:, None] * logit(p)))
    total_price = float(np.sum((end - begin)[:, None] / 2 * _WEIGHTS * prices))
    total_price += np.exp(sign * outer_base) * _power_integral(first, sign * float(slopes[0]))
    return float(total) / tail, float(total_price) / tail


def _logit_integral(p: Floats | float) -> Floats:
    """Return ∫₀ᵖ ln(x / (1 − x)) dx."""
    x = np.asarray(p, np.float64)
    return np.asarray(x * np.log(x) + (1 - x) * np.log1p(-x))


def _power_integral(p: float, power: float) -> float:
    """Return ∫₀ᵖ (x / (1 − x))^power dx, infinite from power −1 down.

    With x = p s^(1 / (1 + power)) the singular factor cancels, and (1 − x)^−power over s in (0, 1) is smooth.
    """
    if power <= -1:
        return float("inf")
    x = p * ((1 + _NODES) / 2) ** (1 / (1 + power))
    return float(p ** (1 + power) / (1 + power) * (_WEIGHTS @ (1 - x) ** -power) / 2)
