"""Counts that several processes share through Redis or Valkey.

Each process counts in its own memory and tells the store about ten times a second what is new; the store answers with what all have
spent. Requests that cost 1 never wait for it. Those that cost more, log-in among them, do, for a bounded time, so that their limits are
exact. While the store is away every process goes on with its own counts, at the same limits, and asks again ever more rarely.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

import structlog

from btcforecast.api.edge.limits import Claims, Counter
from btcforecast.core.errors import SettingsError
from btcforecast.telemetry.metrics import http_limits_store_up

_TELL_EVERY_S: Final = 0.1
_REQUEST_WAITS_S: Final = 0.1
_TELLING_WAITS_S: Final = 1.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_LOGGED_EVERY_S: Final = 60.0
_AT_ONCE: Final = 500
"""Keys in one message, so that many at once do not hold up what else is to be done."""
log: Final = structlog.get_logger()


class SharedCounts:
    """The link between the counters of one process and the store."""

    def __init__(self, url: str, counters: Mapping[str, Counter]) -> None:
        self._client: Final = _opened(url)
        self._counters: Final = {counter: name for name, counter in counters.items()}
        self.is_up = False
        self._pause_s = _FIRST_PAUSE_S
        self._logged_at = -_LOGGED_EVERY_S

    async def run(self) -> None:
        """Tell and learn until cancelled."""
        while True:
            await asyncio.sleep(_TELL_EVERY_S if self.is_up else self._pause_s)
            await self.tell()

    async def tell(self) -> None:
        """Tell the store what is new and learn what the others have spent; where it was away, see whether it is back."""
        if not self.is_up and not await self._asked(self._client.ping(), within_s=_TELLING_WAITS_S):
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            return
        if not self.is_up:
            self.is_up, self._pause_s = True, _FIRST_PAUSE_S
            http_limits_store_up.set(1)
            log.info("limits.store_answers")
        for counter in self._counters:
            for some in _parts(counter.take_untold()):
                await self._exchange(counter, some, within_s=_TELLING_WAITS_S)

    async def confirm(self, claims: Claims) -> bool:
        """Tell and learn what concerns one request at once. False: the store is away, and what is known here has to do."""
        for counter in {quota.counter for quota, _ in claims.each}:
            keys = tuple(key for quota, key in claims.each if quota.counter is counter)
            if not self.is_up or not await self._exchange(counter, counter.take_untold(keys), within_s=_REQUEST_WAITS_S):
                return False
        return True

    async def close(self) -> None:
        """Tell the last, and let go of the store."""
        if self.is_up:
            await self.tell()
        await self._client.aclose()

    async def _exchange(self, counter: Counter, untold: dict[str, int], *, within_s: float) -> bool:
        window = counter.window
        if not untold:
            return True
        if not self.is_up:
            counter.put_back(window, untold)
            return False
        told = self._client.pipeline(transaction=False)
        for key, cost in untold.items():
            name = f"btcforecast:limits:{self._counters[counter]}:{counter.window_s}:{window}:{key}"
            # Made with its end first, so that none is ever left without one.
            told.set(name, 0, ex=2 * counter.window_s, nx=True)
            told.incrby(name, cost)
        answers = await self._asked(told.execute(), within_s=within_s)
        if answers is None:
            # Whether it arrived is not known; counting it twice errs on the strict side, until the window turns.
            counter.put_back(window, untold)
            return False
        counter.learn(window, dict(zip(untold, answers[1::2], strict=True)))
        return True

    async def _asked(self, asking: Any, *, within_s: float) -> Any:
        """Return the store's answer, or None, having noted that it is away."""
        from redis.exceptions import RedisError  # noqa: PLC0415  # loaded where a store is used

        try:
            async with asyncio.timeout(within_s):
                return await asking
        except (RedisError, OSError, TimeoutError) as e:
            self.is_up = False
            http_limits_store_up.set(0)
            now = asyncio.get_running_loop().time()
            if now - self._logged_at >= _LOGGED_EVERY_S:
                self._logged_at = now
                # The error's own words may hold the address, and with it a password.
                log.warning("limits.store_away", error=type(e).__name__, counting="in this process alone")
            return None


async def store_answers(url: str) -> bool:
    """Say whether a store can be reached and used."""
    from redis.exceptions import RedisError  # noqa: PLC0415  # loaded where a store is used

    client = _opened(url)
    try:
        async with asyncio.timeout(_TELLING_WAITS_S):
            await client.ping()
    except (RedisError, OSError, TimeoutError):
        return False
    finally:
        await client.aclose()
    return True


def _opened(url: str) -> Any:
    from redis.asyncio import Redis  # noqa: PLC0415  # 150 modules that one process alone does not need

    scheme, separator, rest = url.partition("://")
    # Valkey speaks the same protocol; the client knows its own names only.
    scheme = {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme)
    try:
        return Redis.from_url(
            f"{scheme}{separator}{rest}",
            socket_connect_timeout=_TELLING_WAITS_S,
            socket_timeout=_TELLING_WAITS_S,
            retry=None,
            health_check_interval=0,
        )
    except ValueError:
        raise SettingsError("RATE_LIMIT_STORE is not an address that can be used; write redis://host:6379/0.") from None


def _parts(untold: dict[str, int]) -> Iterator[dict[str, int]]:
    items = iter(untold.items())
    while part := dict(islice(items, _AT_ONCE)):
        yield part
