"""The rule by which a challenger becomes champion, written down before any challenger ran; `docs/promotion.md` has it in words."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from btcforecast.core import Horizon, Ints
from btcforecast.engine.calibration.gate import H24, JUDGED
from btcforecast.engine.calibration.statistics import Settled, paired_with, stretches_in
from btcforecast.engine.scoring import COVERAGES, MIN_BLOCKS, Skill, paired_skill

_DAY_S: Final = 86400
_ALLOWANCE: Final = 1.0
_ALLOWANCE_24H: Final = 2.0
"""Percentage points by which a coverage may miss its nominal value whatever the champion's does."""


@dataclass(frozen=True, slots=True)
class PromotionLimits:
    """What a promotion rests on. window_s: forecasts whose targets fell due so long before. min_share: as the gate's."""

    window_s: int = 30 * _DAY_S
    min_share: float = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition of the rule: whether it is met, and the figures, as a sentence."""

    name: str
    is_met: bool
    words: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Challenger against champion. skill: over all judged horizons, None where there is too little to compute it."""

    challenger: str
    champion: str
    skill: Skill | None
    findings: tuple[Finding, ...] = field(default=())

    @property
    def is_met(self) -> bool:
        """Say whether every condition is met."""
        return all(finding.is_met for finding in self.findings)


def compare(
    challenger: str,
    champion: str,
    theirs: Mapping[Horizon, Settled],
    ours: Mapping[Horizon, Settled],
    *,
    until: int,
    limits: PromotionLimits,
) -> Comparison:
    """Return whether the challenger meets the rule. theirs: the challenger's record at each judged horizon; ours: the champion's."""
    pairs = {
        horizon: paired_with(
            theirs[horizon].due_in(until - limits.window_s, until), ours[horizon].due_in(until - limits.window_s, until)
        )
        for horizon in JUDGED
    }
    counts = _enough(pairs, limits)
    if not counts.is_met:
        return Comparison(challenger, champion, None, (counts,))
    pooled = _pooled(pairs)
    per_horizon = {horizon: _skill(*pair) for horizon, pair in pairs.items()}
    findings = (
        counts,
        _better(pooled),
        _nowhere_worse(per_horizon),
        _as_calibrated(pairs),
    )
    return Comparison(challenger, champion, pooled, findings)


def _enough(pairs: Mapping[Horizon, tuple[Settled, Settled]], limits: PromotionLimits) -> Finding:
    found = {
        horizon: (pair[0].n_stretches, math.ceil(limits.min_share * stretches_in(limits.window_s, horizon)))
        for horizon, pair in pairs.items()
    }
    words = ", ".join(f"{n} of {needed} at {horizon}" for horizon, (n, needed) in found.items())
    common = _common(pairs)
    n_blocks = len(common) // _block(common)
    is_met = all(n >= needed for n, needed in found.values()) and n_blocks >= MIN_BLOCKS
    return Finding(
        "enough",
        is_met,
        f"Stretches of the horizon's length that both were settled on, and that are needed: {words}; "
        f"days on which all three horizons were: {n_blocks} of {MIN_BLOCKS}.",
    )


def _better(pooled: Skill) -> Finding:
    return Finding(
        "better",
        pooled.low > 0,
        f"Skill over 1h, 4h and 24h together: {100 * pooled.value:.2f} % "
        f"(95 % interval {100 * pooled.low:.2f} to {100 * pooled.high:.2f}); the interval must lie above zero.",
    )


def _nowhere_worse(skills: Mapping[Horizon, Skill]) -> Finding:
    words = ", ".join(
        f"{100 * skill.value:.2f} % ({100 * skill.low:.2f} to {100 * skill.high:.2f}) at {horizon}"
        for horizon, skill in skills.items()
    )
    is_met = all(skill.high >= 0 for skill in skills.values())
    return Finding("nowhere_worse", is_met, f"Skill at each horizon: {words}; no interval may lie below zero.")


def _as_calibrated(pairs: Mapping[Horizon, tuple[Settled, Settled]]) -> Finding:
    """Judge each coverage: its miss may not exceed the champion's, nor what is allowed whatever the champion's does."""
    worse: list[str] = []
    for horizon, (theirs, ours) in pairs.items():
        for percent in COVERAGES:
            mine, other = theirs.coverage(percent), ours.coverage(percent)
            share = percent / 100
            noise = 100 * math.sqrt(share * (1 - share) / theirs.n_stretches)
            allowed = max(abs(other - percent), noise, _ALLOWANCE_24H if horizon == H24 else _ALLOWANCE)
            if abs(mine - percent) > allowed:
                worse.append(f"{percent} % at {horizon}: {mine:.1f} against {other:.1f}, {allowed:.1f} points allowed")
    words = "; ".join(worse) or "no coverage is further from nominal than the champion's or than is allowed"
    return Finding("as_calibrated", not worse, f"Coverage: {words}.")


def _pooled(pairs: Mapping[Horizon, tuple[Settled, Settled]]) -> Skill:
    """Return the skill over all judged horizons, each scaled by the champion's mean CRPS there, at the instants that all share."""
    common = _common(pairs)
    theirs, ours = (
        np.sum(
            [pair[side].crps_bps[np.searchsorted(pair[side].as_of, common)] / pair[1].crps_bps.mean() for pair in pairs.values()],
            axis=0,
        )
        for side in (0, 1)
    )
    return paired_skill(theirs, ours, block_length=_block(common))


def _common(pairs: Mapping[Horizon, tuple[Settled, Settled]]) -> Ints:
    instants = [theirs.as_of for theirs, _ in pairs.values()]
    return functools.reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), instants)


def _skill(theirs: Settled, ours: Settled) -> Skill:
    return paired_skill(theirs.crps_bps, ours.crps_bps, block_length=_block(theirs.as_of))


def _block(as_of: Ints) -> int:
    """Return how many forecasts make a day: the block of the bootstrap, and the longest judged horizon."""
    step_s = int(np.median(np.diff(as_of))) if len(as_of) > 1 else _DAY_S
    return max(1, -(-_DAY_S // step_s))
