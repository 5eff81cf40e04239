"""How many requests one address or one person may make."""

from __future__ import annotations

from typing import Final, NamedTuple

from btcforecast.core import Clock
from btcforecast.telemetry.metrics import http_limits_open

_MOST_ADDRESSES: Final = 100_000


_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Verdict(NamedTuple):
    """Whether a request may pass. amount: how many may in all; remaining: how many more; reset_s: seconds until all may again."""

    is_allowed: bool
    amount: int
    remaining: int
    reset_s: int


class RateLimiter:
    """Counts requests by address in fixed windows that turn for everybody at once, so that forgetting them costs nothing.

    When more addresses than can be held come in one window, further ones pass uncounted: the limit fails open, and a metric tells.
    """

    def __init__(self, rate: str, clock: Clock) -> None:
        amount, _, unit = rate.partition("/")
        self.amount: Final = int(amount)
        self.window_s: Final = _SECONDS[unit]
        self._clock = clock
        self._window = -1
        self._counts: dict[str, int] = {}

    def is_spent(self, key: str) -> bool:
        """Say whether the next request would be refused."""
        return self._clock.now() // self.window_s == self._window and self._counts.get(key, 0) >= self.amount

    def hit(self, key: str, amount: int | None = None) -> Verdict:
        """Count a request and say whether it may pass. amount: how many may, where this key has a limit of its own."""
        amount = amount or self.amount
        now = self._clock.now()
        window, passed_s = divmod(now, self.window_s)
        if window != self._window:
            self._window, self._counts = window, {}
        count = self._counts.get(key, 0) + 1
        if count == 1 and len(self._counts) >= _MOST_ADDRESSES:
            http_limits_open.inc()
        else:
            self._counts[key] = count
        return Verdict(count <= amount, amount, max(0, amount - count), self.window_s - passed_s)
