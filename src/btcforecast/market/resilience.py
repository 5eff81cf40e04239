"""One guarded way to call a venue: a deadline, retries only where they help, a breaker, and a record of how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import structlog

from btcforecast.core import Clock, to_rfc3339
from btcforecast.core.errors import VenueError
from btcforecast.market.breaker import Breaker, BreakerPolicy
from btcforecast.market.faults import Fault
from btcforecast.store.venues import VenueState
from btcforecast.telemetry import metrics

Result = TypeVar("Result")
_log: Final = structlog.get_logger(__name__)
_GAUGE: Final = {"closed": 0, "half_open": 1, "open": 2}


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How long and how often. Waits between attempts double from `first_wait_s`, with jitter, so that workers do not march in step."""

    n_attempts: int = 4
    read_s: float = 10.0
    """The longest silence within one request, its connecting included."""
    attempt_s: float = 30.0
    """The longest attempt, waiting for the rate limit and several requests included."""
    total_s: float = 90.0
    """The longest call with all its attempts."""
    first_wait_s: float = 0.5
    most_wait_s: float = 10.0
    """The longest wait between attempts; a venue that asks for more is left alone instead."""
    jitter_s: float = 0.5
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


class Guard:
    """Every call to one venue goes through its guard."""

    def __init__(self, venue: str, clock: Clock, policy: CallPolicy | None = None) -> None:
        self._venue: Final = venue
        self._clock: Final = clock
        self._policy: Final = policy or CallPolicy()
        self._breaker: Final = Breaker(clock, self._policy.breaker)
        self._latency_ms: float | None = None
        self._last_success_at: int | None = None
        self._last_error_at: int | None = None
        self._last_error: str | None = None
        self._calls: Final = {
            outcome: metrics.venue_calls.labels(venue, outcome) for outcome in ("ok", "retried", "failed", "refused")
        }
        self._show()

    @property
    def state(self) -> VenueState:
        """Return how the venue is doing, to be stored for other processes."""
        return VenueState(
            venue=self._venue,
            breaker=self._breaker.state,
            latency_ms=self._latency_ms,
            last_success_at=self._last_success_at,
            last_error_at=self._last_error_at,
            last_error=self._last_error,
            retry_at=self._breaker.retry_at,
            updated_at=self._clock.now(),
        )

    def restore(self, state: VenueState) -> None:
        """Take up what an earlier process knew of the breaker."""
        self._breaker.restore(retry_at=state.retry_at)
        self._last_error = self._last_error or state.last_error
        self._show()

    async def call(self, name: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return what `work` returns; raises VenueError when it fails for good or the breaker holds it back.

        `work` raises Fault for what went wrong; it may be run several times.
        """
        if not self._breaker.admits():
            self._calls["refused"].inc()
            raise VenueError(self._held_back(), venue=self._venue)
        self._show()
        try:
            result = await self._try(name, work)
        except Fault as fault:
            self._failed(fault)
            raise VenueError(f"{self._venue} gave nothing usable: {fault}.", venue=self._venue) from fault
        except BaseException:
            # Cancelled, or a fault of our own: neither says anything about the venue.
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        self._last_success_at = self._clock.now()
        self._calls["ok"].inc()
        self._show()
        return result

    async def _try(self, name: str, work: Callable[[], Awaitable[Result]]) -> Result:
        import stamina  # noqa: PLC0415  # web processes load this module by way of bootstrap, without the worker's packages

        policy = self._policy
        attempts = stamina.retry_context(
            on=self._wait_before_retry,
            attempts=policy.n_attempts,
            timeout=None,
            wait_initial=policy.first_wait_s,
            wait_max=policy.most_wait_s,
            wait_jitter=policy.jitter_s,
        )
        try:
            async with asyncio.timeout(policy.total_s):
                async for attempt in attempts:
                    with attempt:
                        if attempt.num > 1:
                            self._calls["retried"].inc()
                        return await self._attempt(name, work)
        except TimeoutError as e:
            raise Fault("timeout", f"all attempts together took longer than {policy.total_s:g} s") from e
        raise AssertionError  # stamina returns, raises, or goes on

    async def _attempt(self, name: str, work: Callable[[], Awaitable[Result]]) -> Result:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._policy.attempt_s) as deadline:
                return await work()
        except TimeoutError as e:
            if not deadline.expired():
                raise
            raise Fault("timeout", f"no whole answer within {self._policy.attempt_s:g} s") from e
        finally:
            took_s = loop.time() - began
            self._latency_ms = round(took_s * 1000, 1)
            metrics.venue_call_duration.labels(self._venue, name).observe(took_s)

    def _wait_before_retry(self, error: Exception) -> bool | float:
        if not isinstance(error, Fault) or not error.is_retried:
            return False
        if error.retry_after_s is None:
            return True
        # Nobody waits for minutes inside a call: the breaker keeps the appointment instead.
        return error.retry_after_s if error.retry_after_s <= self._policy.most_wait_s else False

    def _failed(self, fault: Fault) -> None:
        self._calls["failed"].inc()
        self._last_error_at = self._clock.now()
        self._last_error = str(fault)
        if fault.is_venue_ill:
            self._breaker.failed(stay_away_s=fault.stay_away_s)
        else:
            self._breaker.succeeded()
        self._show()
        _log.warning("venue.call_failed", venue=self._venue, kind=fault.kind, error=str(fault), breaker=self._breaker.state)

    def _held_back(self) -> str:
        retry_at = self._breaker.retry_at
        until = "a probe has answered" if retry_at is None or retry_at <= self._clock.now() else to_rfc3339(retry_at)
        because = f": {self._last_error}" if self._last_error else ""
        return f"{self._venue} is left alone until {until}{because}."

    def _show(self) -> None:
        metrics.venue_breaker.labels(self._venue).set(_GAUGE[self._breaker.state])
