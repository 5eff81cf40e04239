from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import integers

from btcforecast.core import ManualClock
from btcforecast.market.breaker import Breaker, BreakerPolicy

POLICY = BreakerPolicy(n_failures=3, first_s=60, most_s=240)


def failed(breaker: Breaker, times: int) -> Breaker:
    for _ in range(times):
        assert breaker.admits()
        breaker.failed()
    return breaker


def test_a_success_between_failures_keeps_it_closed():
    breaker = Breaker(ManualClock(0), POLICY)
    failed(breaker, 2).succeeded()
    assert failed(breaker, 2).state == "closed"


def test_each_failed_probe_doubles_the_wait_up_to_the_most():
    clock = ManualClock(0)
    breaker = failed(Breaker(clock, POLICY), 3)
    waits = []
    for _ in range(4):
        waits.append((breaker.retry_at or 0) - clock.now())
        clock.at = breaker.retry_at or 0
        failed(breaker, 1)
    assert waits == [60, 120, 240, 240]


def test_a_cancelled_probe_gives_its_place_back():
    clock = ManualClock(0)
    breaker = failed(Breaker(clock, POLICY), 3)
    clock.advance(60)
    assert breaker.admits()
    assert not breaker.admits()
    breaker.abandoned()
    assert breaker.admits()


def test_a_restored_breaker_stays_open_until_the_instant_it_knew():
    clock = ManualClock(1000)
    breaker = Breaker(clock, POLICY)
    breaker.restore(retry_at=1500)
    assert not breaker.admits()
    clock.at = 1500
    assert breaker.admits()


def test_an_instant_already_past_opens_nothing():
    breaker = Breaker(ManualClock(1000), POLICY)
    breaker.restore(retry_at=999)
    assert breaker.state == "closed"


class Anything(RuleBasedStateMachine):
    """Whatever happens: while open nothing passes, half open at most one call is out, and it never opens for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(0)
        self.breaker = Breaker(self.clock, POLICY)

    @rule(seconds=integers(0, 400))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(stay_away_s=integers(-1, 1000))
    def fail(self, stay_away_s: int) -> None:
        state = self.breaker.state
        admitted = self.breaker.admits()
        assert admitted == (state != "open")
        if admitted:
            if state == "half_open":
                assert not self.breaker.admits()
            self.breaker.failed(stay_away_s=None if stay_away_s < 0 else stay_away_s)
            if stay_away_s >= 0 or state == "half_open":
                assert self.breaker.state == "open"

    @rule()
    def succeed(self) -> None:
        if self.breaker.admits():
            self.breaker.succeeded()
            assert self.breaker.state == "closed"

    @invariant()
    def it_will_be_tried_again(self) -> None:
        assert (self.breaker.retry_at or 0) <= self.clock.now() + 1000


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
