"""How much addresses, people and keys may ask.

What a request costs is counted in fixed windows, in this process; `shared` lets several processes know each other's counts.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from btcforecast.accounts.plans import PLANS, Plan, PlanName
from btcforecast.core import Clock
from btcforecast.telemetry.metrics import http_limits_open

_MOST_KEYS: Final = 100_000
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Counter:
    """What has been spent under each key in windows that turn for everybody at once, so that forgetting costs nothing.

    When more keys than can be held come in one window, further ones pass uncounted: the limit fails open, and a metric tells.
    """

    def __init__(self, window_s: int, *, is_shared: bool) -> None:
        self.window_s: Final = window_s
        self.window = -1
        self._is_shared: Final = is_shared
        self._spent: dict[str, int] = {}
        self._untold: dict[str, int] = {}

    def turn(self, now: int) -> int:
        """Begin a new window when it is time; return the seconds until the next."""
        window, passed_s = divmod(now, self.window_s)
        if window != self.window:
            self.window, self._spent, self._untold = window, {}, {}
        return self.window_s - passed_s

    def spent(self, key: str) -> int:
        """Return what has been spent in this window, as far as is known here."""
        return self._spent.get(key, 0)

    def spend(self, key: str, cost: int) -> None:
        """Count a cost."""
        before = self._spent.get(key)
        if before is None:
            if len(self._spent) >= _MOST_KEYS:
                http_limits_open.inc()
                return
            before = 0
        self._spent[key] = before + cost
        if self._is_shared:
            self._untold[key] = self._untold.get(key, 0) + cost

    def take_untold(self, keys: tuple[str, ...] | None = None) -> dict[str, int]:
        """Return what the other processes have not been told of, as told from now on."""
        if keys is None:
            found, self._untold = self._untold, {}
            return found
        return {key: self._untold.pop(key) for key in keys if key in self._untold}

    def put_back(self, window: int, untold: dict[str, int]) -> None:
        """Take back what could not be told, while its window lasts."""
        if window == self.window:
            for key, cost in untold.items():
                self._untold[key] = self._untold.get(key, 0) + cost

    def learn(self, window: int, totals: dict[str, int]) -> None:
        """Take in what all processes together have spent. Totals only grow, so that one that comes late changes nothing."""
        if window == self.window:
            for key, total in totals.items():
                self._spent[key] = max(self._spent.get(key, 0), total + self._untold.get(key, 0))


class Quota:
    """One limit: its name in the headers, how much, and where it is counted."""

    __slots__ = ("amount", "counter", "name", "policy", "state")

    def __init__(self, name: str, amount: int, counter: Counter) -> None:
        self.name = name
        self.amount = amount
        self.counter = counter
        # A percent sign in a name would be taken for a place to fill; names are ours and have none.
        self.policy = b'"%b";q=%d;w=%d' % (name.encode(), amount, counter.window_s)
        self.state = b'"%b";r=%%d;t=%%d' % name.encode()


class Claims(NamedTuple):
    """What a request is counted under: quotas, each with the key of whoever it counts for. policy: as the header names them."""

    policy: bytes
    each: tuple[tuple[Quota, str], ...]


class Verdict(NamedTuple):
    """Whether a request may pass, when it may if not, and what the headers say."""

    is_allowed: bool
    reset_s: int
    """Seconds until all of its quotas are whole again: those of one request turn together."""
    policy: bytes
    state: bytes
    claims: Claims

    def left(self) -> list[tuple[Quota, int]]:
        """Return how much is left of each quota."""
        return [(quota, max(quota.amount - quota.counter.spent(key), 0)) for quota, key in self.claims.each]


class Limits:
    """Says which requests pass. rate: what one address may spend, such as 600/minute; people and keys spend by plan."""

    def __init__(self, rate: str, clock: Clock, *, is_shared: bool = False) -> None:
        amount, _, unit = rate.partition("/")
        self._clock = clock
        addresses = Counter(_SECONDS[unit], is_shared=is_shared)
        people = Counter(60, is_shared=is_shared)
        self.counters: Final = {"addresses": addresses, "people": people}
        self._address: Final = Quota("address", int(amount), addresses)
        self._plans: Final = {str(name): _of_plan(plan, people) for name, plan in PLANS.items()}

    def of_address(self, address: str) -> Claims:
        """Return what a request from an address counts under."""
        return Claims(self._address.policy, ((self._address, address),))

    def of_person(self, person_id: str, key_id: str | None, *, plan: str) -> Claims:
        """Return what a request of a person counts under. A plan that is not known here, such as a newer release's, counts as free."""
        person, key, policy = self._plans.get(plan) or self._plans[PlanName.FREE]
        if key_id is None:
            return Claims(person.policy, ((person, person_id),))
        return Claims(policy, ((person, person_id), (key, key_id)))

    def is_spent(self, address: str) -> bool:
        """Say whether the next request of an address would be refused."""
        counter = self._address.counter
        counter.turn(self._clock.now())
        return counter.spent(address) >= self._address.amount

    def admit(self, claims: Claims, cost: int) -> Verdict:
        """Count a request unless one of its quotas is used up."""
        # The quotas of one request are counted in one place.
        quota, key = claims.each[0]
        reset_s = quota.counter.turn(self._clock.now())
        if cost == 1 and len(claims.each) == 1:
            # Nearly every request: the same as below, in half the time.
            left = quota.amount - quota.counter.spent(key) - 1
            if left < 0:
                return Verdict(False, reset_s, claims.policy, quota.state % (0, reset_s), claims)
            quota.counter.spend(key, 1)
            return Verdict(True, reset_s, claims.policy, quota.state % (left, reset_s), claims)
        for quota, key in claims.each:
            # What costs more than there ever is fits into a window that nothing else has used.
            if quota.counter.spent(key) + min(cost, quota.amount) > quota.amount:
                return _verdict(claims, reset_s, is_allowed=False)
        for quota, key in claims.each:
            quota.counter.spend(key, min(cost, quota.amount))
        return _verdict(claims, reset_s, is_allowed=True)

    def judge_again(self, claims: Claims) -> Verdict:
        """Say whether a request that has been counted may pass after all, now that other processes' counts are known."""
        reset_s = claims.each[0][0].counter.turn(self._clock.now())
        is_allowed = all(quota.counter.spent(key) <= quota.amount for quota, key in claims.each)
        return _verdict(claims, reset_s, is_allowed=is_allowed)


def _of_plan(plan: Plan, people: Counter) -> tuple[Quota, Quota, bytes]:
    person, key = Quota("person", plan.per_minute, people), Quota("key", plan.per_minute_of_key, people)
    return person, key, b"%b, %b" % (person.policy, key.policy)


def _verdict(claims: Claims, reset_s: int, *, is_allowed: bool) -> Verdict:
    state = b""
    for quota, key in claims.each:
        left = quota.amount - quota.counter.spent(key)
        shown = quota.state % (left if left > 0 else 0, reset_s)  # noqa: FURB136  # a call of max takes as long as the rest
        state = b"%b, %b" % (state, shown) if state else shown
    return Verdict(is_allowed, reset_s, claims.policy, state, claims)
