"""A circuit breaker: after repeated failures a venue is left alone for a while, then tried with one call.

Decision 0025 says why this is our own and not purgatory's: the clock is an argument, a venue says itself how long to stay away
(Retry-After, a ban, a geographical block), only one probe goes out when half open, and the state outlives the process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from btcforecast.core import Clock

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """After `n_failures` calls in a row have failed, none is made for `first_s`; each failed probe doubles that up to `most_s`."""

    n_failures: int = 3
    first_s: int = 60
    most_s: int = 900


@dataclass(slots=True)
class Breaker:
    """Closed lets calls through, open lets none, half open lets one through to see."""

    clock: Clock
    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    retry_at: int | None = None
    """When it may be tried again; None while closed."""
    _n_failures: int = 0
    _n_openings: int = 0
    _is_probing: bool = False

    @property
    def state(self) -> BreakerState:
        """Return the state at this instant."""
        if self.retry_at is None:
            return "closed"
        return "half_open" if self.clock.now() >= self.retry_at else "open"

    def admits(self) -> bool:
        """Say whether a call may be made now; saying yes when half open takes the one probe."""
        state = self.state
        if state == "closed":
            return True
        if state == "open" or self._is_probing:
            return False
        self._is_probing = True
        return True

    def succeeded(self) -> None:
        """Close: the venue answers."""
        self.retry_at = None
        self._n_failures = self._n_openings = 0
        self._is_probing = False

    def failed(self, *, stay_away_s: float | None = None) -> None:
        """Count a failed call; open when there were enough, or at once when the venue said how long to stay away."""
        self._n_failures += 1
        was_probing, self._is_probing = self._is_probing, False
        if stay_away_s is None and not was_probing and self._n_failures < self.policy.n_failures:
            return
        wait_s = min(self.policy.first_s * 2**self._n_openings, self.policy.most_s)
        self._n_openings += 1
        self.retry_at = self.clock.now() + max(wait_s, int(stay_away_s or 0))

    def abandoned(self) -> None:
        """Give the probe back: the call was cancelled, so nothing is known."""
        self._is_probing = False

    def restore(self, *, retry_at: int | None) -> None:
        """Take up what an earlier process knew, so that a restart does not run into a ban again."""
        if retry_at is not None and retry_at > self.clock.now():
            self.retry_at = retry_at
