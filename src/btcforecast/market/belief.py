"""Whether the prices of a fallback venue are believed: they must agree with the last known ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import BASE, Candles

LEAST_BOUND: Final = 0.01
"""Venues differ by a few tenths of a percent, and a dollar token from the dollar by as much; one percent leaves room for both."""
_SIGMAS: Final = 6.0
_JUMP_BOUND: Final = 0.10
_JUMP_SIGMAS: Final = 40.0
"""Bitcoin's largest five-minute move on record is below ten percent; a quiet day's σ must not make that unbelievable."""
_MOST_BOUND: Final = 0.15
_N_OVERLAP: Final = 3
_LEAST_SIGMA: Final = 0.0003


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether lent candles are believed, and the sentence that says why not."""

    is_believed: bool
    reason: str = ""
    offset: float | None = None
    """Median log difference to the known closes of the same candles, where there are any."""


def judge(lent: Candles, known: Candles) -> Verdict:
    """Compare lent candles with the known ones before them.

    Where both have candles of the same instants, their closes must agree in the median within the larger of 1 % and 6 σ of a
    five-minute step; where they only meet, the first lent open must lie within that bound times the root of the steps between,
    and never beyond 15 %. After that no step may be larger than 10 % or 40 σ: a venue that breaks off into nonsense is not lent on.
    """
    if not len(known):
        return Verdict(is_believed=False, reason="there is no known price to check its prices against")
    fresh = lent.since(int(known.opened_at[-1]) + BASE.seconds)
    sigma = _sigma(known)
    bound = max(LEAST_BOUND, _SIGMAS * sigma)
    _, ours, theirs = np.intersect1d(known.opened_at, lent.opened_at, assume_unique=True, return_indices=True)
    offset = float(np.median(np.log(lent.close[theirs] / known.close[ours]))) if len(ours) else None
    if offset is not None and len(ours) >= _N_OVERLAP and abs(offset) > bound:
        reason = f"its closes are {abs(offset):.1%} off the known ones, more than the {bound:.1%} that venues differ by"
        return Verdict(is_believed=False, reason=reason, offset=offset)
    if not len(fresh):
        return Verdict(is_believed=True, offset=offset)
    n_steps = (int(fresh.opened_at[0]) - int(known.opened_at[-1])) // BASE.seconds
    jump = float(np.log(fresh.open[0] / known.close[-1]))
    jump_bound = min(_MOST_BOUND, max(LEAST_BOUND, _SIGMAS * sigma * np.sqrt(n_steps)))
    if len(ours) < _N_OVERLAP and abs(jump) > jump_bound:
        reason = (
            f"its first price is {abs(jump):.1%} off the last known one, more than the {jump_bound:.1%} that the market moves"
        )
        return Verdict(is_believed=False, reason=reason, offset=offset)
    return _unbroken(fresh, float(known.close[-1]), sigma=sigma, offset=offset)


def _unbroken(fresh: Candles, last: float, *, sigma: float, offset: float | None) -> Verdict:
    steps = np.abs(np.diff(np.log(np.r_[last, fresh.close])))
    n_between = np.r_[1, np.diff(fresh.opened_at) // BASE.seconds]
    # The first step carries the offset between the venues and the time since the last known price.
    allowed = max(_JUMP_BOUND, _JUMP_SIGMAS * sigma) * np.sqrt(n_between)
    allowed[0] = max(allowed[0], _MOST_BOUND)
    wrong = np.flatnonzero(steps > allowed)
    if len(wrong):
        reason = f"its price jumps by {float(np.expm1(steps[wrong[0]])):.0%} within one candle"
        return Verdict(is_believed=False, reason=reason, offset=offset)
    return Verdict(is_believed=True, offset=offset)


def _sigma(known: Candles) -> float:
    """Return a robust standard deviation of the five-minute log return."""
    if len(known) < 12:
        return _LEAST_SIGMA
    steps = np.abs(np.diff(np.log(known.close)))
    return max(_LEAST_SIGMA, 1.4826 * float(np.median(steps)))
