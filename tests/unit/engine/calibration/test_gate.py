"""The gate's rule, case by case and for whatever measures there may be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.engine.calibration.gate import (
    TO_FALLBACK,
    TO_GARCH,
    Candidate,
    Facts,
    GateLimits,
    Measure,
    State,
    decide,
)

LIMITS = GateLimits()
OPEN, DEMOTED, SUSPENDED, WITHHELD = State.OPEN, State.DEMOTED, State.SUSPENDED, State.WITHHELD


def held(value: float = 90.0, *, n: int = 720, was_held: bool = True) -> Measure:
    return Measure("champion_coverage_1h", value, 87, 93, n=n, n_needed=576, words="Coverage is off.", was_held=was_held)


def score(value: float, *, against: str = TO_FALLBACK, n: int = 14) -> Measure:
    high = 1.005 if against == TO_FALLBACK else 1.0
    return Measure(against, value, high=high, n=n, n_needed=12, words="The score is off.")


def scores(to_fallback: float, to_garch: float = 0.98) -> tuple[Measure, ...]:
    return score(to_fallback), score(to_garch, against=TO_GARCH)


BEST, SPARE = Candidate("best", coverages=(held(),)), Candidate("spare", coverages=(held(),))
GOOD_SCORES = scores(0.99)


def facts(
    *,
    inputs: tuple[Measure, ...] = (),
    champion: Candidate = BEST,
    fallback: Candidate | None = SPARE,
    scored: tuple[Measure, ...] = GOOD_SCORES,
) -> Facts:
    return Facts(champion, fallback, inputs, scored)


BAD_INPUT = Measure("missing_of_last_12", 3.0, high=2.0, words="Three are missing.")
SHOCKED = Measure("champion_scale_ratio", 7.0, 1 / 6, 6.0, words="Too wild.")
BROKEN = Candidate("best", "It failed.")
NARROW = Candidate("best", coverages=(held(80.0),))
NARROW_SPARE = Candidate("spare", coverages=(held(80.0),))


@pytest.mark.parametrize(
    ("standing", "given_facts", "state", "after", "serves"),
    [
        (OPEN, facts(), OPEN, OPEN, "best"),
        (OPEN, facts(inputs=(BAD_INPUT,)), WITHHELD, OPEN, None),
        (OPEN, facts(champion=BROKEN), DEMOTED, OPEN, "spare"),
        (OPEN, facts(champion=Candidate("best", checks=(SHOCKED,))), DEMOTED, OPEN, "spare"),
        (OPEN, facts(champion=BROKEN, fallback=Candidate("spare", "It failed.")), WITHHELD, OPEN, None),
        (OPEN, facts(champion=BROKEN, fallback=NARROW_SPARE), WITHHELD, OPEN, None),
        (OPEN, facts(champion=BROKEN, fallback=None), WITHHELD, OPEN, None),
        (OPEN, facts(scored=scores(1.006)), DEMOTED, DEMOTED, "spare"),
        (OPEN, facts(scored=scores(1.004)), OPEN, OPEN, "best"),
        (DEMOTED, facts(scored=scores(1.004)), DEMOTED, DEMOTED, "spare"),
        (DEMOTED, facts(scored=scores(1.0)), OPEN, OPEN, "best"),
        (OPEN, facts(scored=scores(0.99, 1.001)), DEMOTED, DEMOTED, "spare"),
        (DEMOTED, facts(scored=scores(0.99, 0.998)), DEMOTED, DEMOTED, "spare"),
        (DEMOTED, facts(scored=(score(0.99, n=3),)), DEMOTED, DEMOTED, "spare"),
        (DEMOTED, facts(scored=(score(0.99), score(0.9, against=TO_GARCH, n=0))), OPEN, OPEN, "best"),
        (OPEN, facts(scored=(score(1.2, n=3),)), OPEN, OPEN, "best"),
        (OPEN, facts(scored=scores(1.2), fallback=None), OPEN, OPEN, "best"),
        (DEMOTED, facts(scored=scores(1.2), fallback=Candidate("spare", "It failed.")), WITHHELD, DEMOTED, None),
        (OPEN, facts(champion=NARROW), SUSPENDED, SUSPENDED, None),
        (OPEN, facts(champion=NARROW, inputs=(BAD_INPUT,)), SUSPENDED, SUSPENDED, None),
        (OPEN, facts(champion=NARROW, scored=scores(1.2)), DEMOTED, DEMOTED, "spare"),
        (DEMOTED, facts(scored=scores(1.2), fallback=NARROW_SPARE), SUSPENDED, SUSPENDED, None),
        (OPEN, facts(champion=Candidate("best", coverages=(held(80.0, n=500),))), OPEN, OPEN, "best"),
        (SUSPENDED, facts(champion=Candidate("best", coverages=(held(was_held=False),))), SUSPENDED, SUSPENDED, None),
        (SUSPENDED, facts(champion=Candidate("best", coverages=(held(n=3),))), SUSPENDED, SUSPENDED, None),
        (SUSPENDED, facts(), OPEN, OPEN, "best"),
        (SUSPENDED, facts(scored=scores(1.2)), DEMOTED, DEMOTED, "spare"),
    ],
)
def test_the_table_of_states(standing: State, given_facts: Facts, state: State, after: State, serves: str | None):
    decision = decide(standing, given_facts, LIMITS)
    assert (decision.state, decision.standing, decision.serves) == (state, after, serves)
    assert decision.reason.endswith(".")


measures = st.builds(
    Measure,
    st.sampled_from([TO_FALLBACK, TO_GARCH]),
    st.none() | st.floats(0, 2),
    low=st.none() | st.just(0.5),
    high=st.none() | st.just(1.0),
    n=st.none() | st.integers(0, 20),
    n_needed=st.just(10),
    was_held=st.booleans(),
)
some = st.lists(measures, max_size=3).map(tuple)
failures = st.none() | st.just("It failed.")
candidates = st.builds(Candidate, st.just("best"), failures, some, some)
whatever = st.builds(Facts, candidates, st.none() | candidates.map(lambda found: replace(found, name="spare")), some, some)


@given(st.sampled_from([OPEN, DEMOTED, SUSPENDED]), whatever)
def test_whatever_is_measured_only_what_is_fit_is_served(standing: State, found: Facts):
    decision = decide(standing, found, LIMITS)
    served = {None: None, "best": found.champion, "spare": found.fallback}[decision.serves]
    assert {OPEN: "best", DEMOTED: "spare"}.get(decision.state) == decision.serves
    if served is not None:
        assert served.unfit is None
        assert not any(measure.is_outside for measure in (*found.inputs, *served.coverages))
    if decision.serves == "best" and found.fallback is not None:
        assert not any(measure.is_outside for measure in found.scores)


@given(st.sampled_from([OPEN, DEMOTED, SUSPENDED]), whatever)
def test_on_the_same_facts_the_gate_comes_to_rest(standing: State, found: Facts):
    # A suspended model's score is judged afresh, so the second decision may differ from the first.
    second = decide(decide(standing, found, LIMITS).standing, found, LIMITS)
    assert decide(second.standing, found, LIMITS) == second
