"""The publish gate: which model is served, if any, decided from measures and limits alone.

Measures are judged in groups. Inputs, and what a model says of itself, decide about one cycle. Scores and coverages decide about the
model's standing, which lasts until the way back is earned. `docs/gate.md` has the rule as one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from btcforecast.core import Horizon

H1: Final = Horizon.parse("1h")
H4: Final = Horizon.parse("4h")
H24: Final = Horizon.parse("24h")
JUDGED: Final = (H1, H4, H24)
"""The horizons at which scores and coverages are judged."""
_DAY_S: Final = 86400


class State(StrEnum):
    """What is served."""

    OPEN = "open"
    """The champion."""
    DEMOTED = "demoted"
    """The fallback."""
    SUSPENDED = "suspended"
    """Nothing, until coverage has come back."""
    WITHHELD = "withheld"
    """Nothing in this cycle: its inputs, or every model that could be served, are unfit."""


@dataclass(frozen=True, slots=True)
class GateLimits:
    """When forecasts may not be published.

    Spans are seconds. spike: newest |return| ÷ the week's median one. scale_ratio: at most so many times, or one so-manieth of, the
    90-day mean. demote_*: ratios of mean CRPS. coverage_*: band of the observed 90 % coverage, percent. min_share: of the stretches
    that a window has room for, so many must hold a settled forecast before anything is judged.
    """

    newest_candle_s: int = 600
    missing_of_12: int = 2
    missing_percent_of_day: float = 5.0
    spike: float = 50.0
    scale_ratio: float = 6.0
    tracking: float = 0.35
    score_window_s: int = 14 * _DAY_S
    demote_to_fallback: float = 1.005
    demote_to_garch: float = 1.0
    recover_to_fallback: float = 1.0
    recover_to_garch: float = 0.995
    coverage_1h: tuple[float, float] = (87.0, 93.0)
    coverage_4h: tuple[float, float] = (86.0, 94.0)
    coverage_24h: tuple[float, float] = (86.0, 94.0)
    coverage_window_s: int = 30 * _DAY_S
    coverage_24h_window_s: int = 90 * _DAY_S
    recovery_s: int = _DAY_S
    min_share: float = 0.8

    def coverage(self, horizon: Horizon) -> tuple[float, float]:
        """Return the band at one of the judged horizons."""
        return {H1: self.coverage_1h, H4: self.coverage_4h, H24: self.coverage_24h}[horizon]

    def window_s(self, horizon: Horizon) -> int:
        """Return over how long coverage is measured at one of the judged horizons."""
        return self.coverage_24h_window_s if horizon == H24 else self.coverage_window_s

    def longest_window_s(self, horizon: Horizon) -> int:
        """Return how far back any statistic at one of the judged horizons looks, counted in targets."""
        return max(self.score_window_s, self.window_s(horizon) + self.recovery_s)


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with the limits that it must keep.

    value: None where it could not be taken. low, high: None where there is no such limit. n, n_needed: what it rests on, counted in
    stretches of the horizon's length; None where nothing is counted. words: what it means when it is outside, for the reason.
    was_held: for coverages, that the band was kept at every target of the recovery span.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    n_needed: int | None = None
    words: str = ""
    was_held: bool = True

    @property
    def is_judged(self) -> bool:
        """Say whether there is enough to judge it."""
        return self.value is not None and (self.n is None or self.n >= (self.n_needed or 0))

    @property
    def is_outside(self) -> bool:
        """Say whether it is judged and breaks a limit."""
        if self.value is None or not self.is_judged:
            return False
        return (self.low is not None and self.value < self.low) or (self.high is not None and self.value > self.high)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that could be served. failure: why it has no forecast this cycle. checks: what it says of itself."""

    name: str
    failure: str | None = None
    checks: tuple[Measure, ...] = ()
    coverages: tuple[Measure, ...] = ()

    @property
    def unfit(self) -> tuple[str, Measure | None] | None:
        """Return why it cannot be served in this cycle, or None; whether coverage lasts is judged before."""
        if self.failure is not None:
            return f"The model {self.name} has no forecast: {self.failure}", None
        outside = _first_outside((*self.checks, *self.coverages))
        return None if outside is None else (outside.words, outside)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the gate looks at in one cycle. scores: of the champion, against fallback and GARCH."""

    champion: Candidate
    fallback: Candidate | None
    inputs: tuple[Measure, ...] = ()
    scores: tuple[Measure, ...] = ()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return all measures in the order in which they are judged."""
        fallback = () if self.fallback is None else (*self.fallback.checks, *self.fallback.coverages)
        return (*self.inputs, *self.champion.checks, *self.scores, *self.champion.coverages, *fallback)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate decided. standing: what statistics say, which outlasts the cycle. serves: the model's name, or None for nothing."""

    state: State
    standing: State
    serves: str | None
    reason: str
    cause: Measure | None = None
    measures: tuple[Measure, ...] = field(default=())


def decide(standing: State, facts: Facts, limits: GateLimits) -> Decision:
    """Return what may be served now. standing: as the last cycle left it; OPEN at first and for a new champion."""
    after, reason, cause = _judge(standing, facts, limits)
    measures = facts.measures

    def decided(state: State, serves: str | None, why: str, because: Measure | None) -> Decision:
        return Decision(state, after, serves, why, because, measures)

    if after is State.SUSPENDED:
        return decided(State.SUSPENDED, None, reason, cause)
    if (unfit_input := _first_outside(facts.inputs)) is not None:
        return decided(State.WITHHELD, None, unfit_input.words, unfit_input)
    trouble = (reason, cause) if after is State.DEMOTED else facts.champion.unfit
    if trouble is None:
        return decided(State.OPEN, facts.champion.name, _all_well(facts), None)
    if facts.fallback is None:
        return decided(State.WITHHELD, None, f"{trouble[0]} There is no fallback.", trouble[1])
    if (unfit := facts.fallback.unfit) is not None:
        return decided(State.WITHHELD, None, f"{trouble[0]} The fallback cannot stand in: {unfit[0]}", trouble[1])
    return decided(State.DEMOTED, facts.fallback.name, f"{trouble[0]} The fallback {facts.fallback.name} is served.", trouble[1])


def _judge(standing: State, facts: Facts, limits: GateLimits) -> tuple[State, str, Measure | None]:
    """Return the standing with its reason: first whether the champion's score lets it be served, then whether coverage holds."""
    worse = _demoting(standing, facts, limits)
    preferred = facts.champion if worse is None or facts.fallback is None else facts.fallback
    if (broken := _suspending(standing, preferred)) is not None:
        return State.SUSPENDED, broken[0], broken[1]
    if worse is not None:
        return State.DEMOTED, worse[0], worse[1]
    return State.OPEN, "", None


def _demoting(standing: State, facts: Facts, limits: GateLimits) -> tuple[str, Measure] | None:
    """Return why the champion's score does not let it be served, or None."""
    if facts.fallback is None:
        return None
    outside = _first_outside(facts.scores)
    if outside is not None or standing is not State.DEMOTED:
        return None if outside is None else (outside.words, outside)
    # Demoted before: the way back asks for more than the way there.
    names = {TO_FALLBACK: ("the fallback's", limits.recover_to_fallback), TO_GARCH: ("GARCH's", limits.recover_to_garch)}
    for score in facts.scores:
        rival, limit = names[score.name]
        if score.is_judged and score.value is not None and score.value <= limit:
            continue
        if score.name == TO_GARCH and not score.is_judged:
            # GARCH may be gone from the baselines; the comparison with the fallback is the one that must be there.
            continue
        found = f"is {score.value:.4f}" if score.is_judged else "cannot be judged"
        return f"Demoted until the champion's score is at most {limit:g} of {rival}; it {found}.", score
    return None


def _suspending(standing: State, preferred: Candidate) -> tuple[str, Measure | None] | None:
    """Return why coverage does not let the model be served, or None."""
    if (outside := _first_outside(preferred.coverages)) is not None:
        return outside.words, outside
    if standing is not State.SUSPENDED:
        return None
    judged = [coverage for coverage in preferred.coverages if coverage.is_judged]
    unsteady = next((coverage for coverage in judged if not coverage.was_held), None)
    if judged and unsteady is None:
        return None
    what = "no coverage can be judged" if unsteady is None else f"{unsteady.name} has not yet"
    return f"Suspended until every coverage of {preferred.name} has kept its band for the whole recovery span; {what}.", unsteady


def _first_outside(measures: Iterable[Measure]) -> Measure | None:
    return next((measure for measure in measures if measure.is_outside), None)


def _all_well(facts: Facts) -> str:
    statistics: Sequence[Measure] = (*facts.scores, *facts.champion.coverages)
    n_judged = sum(measure.is_judged for measure in statistics)
    if n_judged == len(statistics):
        return "Every check holds."
    if n_judged == 0:
        return "Every check of this cycle holds; too few forecasts are settled to judge scores and coverage."
    return (
        f"Every check holds that can be judged; {len(statistics) - n_judged} of {len(statistics)} statistics wait for forecasts."
    )


TO_FALLBACK: Final = "score_to_fallback"
TO_GARCH: Final = "score_to_garch"
