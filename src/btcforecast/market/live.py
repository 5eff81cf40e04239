"""Live prices without end: a stream while it flows, polling while it does not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from btcforecast.core.errors import VenueError
from btcforecast.market.venue import PriceTick, Venue
from btcforecast.telemetry import metrics

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """When a stream counts as dead, and what is done then."""

    silence_s: float = 30.0
    """Bitcoin trades every second somewhere; half a minute without a trade is a dead connection that nobody has noticed."""
    n_breaks: int = 3
    """Streams that break in a row, without one price between, before polling takes over."""
    first_wait_s: float = 1.0
    most_wait_s: float = 30.0
    poll_every_s: float = 5.0
    poll_for_s: float = 120.0
    """How long is polled before the stream is tried again."""
    tick_every_s: float = 0.25
    """Trades come by the hundred a second; one price in this time is passed on."""


async def follow_prices(
    venue: Venue, symbol: str, *, policy: LivePolicy | None = None, rng: random.Random | None = None
) -> AsyncGenerator[PriceTick, None]:
    """Yield prices for ever: streamed, reconnected with growing waits and jitter, polled while the stream is away.

    It never raises VenueError; while neither stream nor polling answers, it yields nothing and keeps trying.
    """
    policy, rng = policy or LivePolicy(), rng or random.Random()  # noqa: S311  # jitter, not a secret
    n_broken = 0
    while True:
        n_before = n_broken
        async with aclosing(_streamed(venue, symbol, policy=policy)) as streamed:
            async for tick in streamed:
                n_before = 0
                metrics.prices_received.labels(venue.name, tick.via).inc()
                yield tick
        n_broken = n_before + 1
        metrics.price_reconnects.labels(venue.name).inc()
        if n_broken >= policy.n_breaks:
            async with aclosing(_polled(venue, symbol, policy=policy)) as polled:
                async for tick in polled:
                    metrics.prices_received.labels(venue.name, tick.via).inc()
                    yield tick
        else:
            wait_s = min(policy.first_wait_s * 2.0 ** (n_broken - 1), policy.most_wait_s)
            await asyncio.sleep(wait_s * rng.uniform(0.5, 1.5))


async def _streamed(venue: Venue, symbol: str, *, policy: LivePolicy) -> AsyncGenerator[PriceTick, None]:
    """Yield the stream's prices, at most one in `tick_every_s`, until it breaks or falls silent."""
    loop = asyncio.get_running_loop()
    stream = venue.watch_price(symbol)
    passed_on = -policy.tick_every_s
    try:
        while True:
            # The silence counts from price to price; what is held back for its pace is a sign of life too.
            tick = await asyncio.wait_for(anext(stream), policy.silence_s)
            if loop.time() - passed_on >= policy.tick_every_s:
                passed_on = loop.time()
                yield tick
    except TimeoutError:
        _log.warning("price.stream_silent", venue=venue.name, silence_s=policy.silence_s)
    except VenueError as e:
        _log.warning("price.stream_broke", venue=venue.name, error=str(e))
    except StopAsyncIteration:
        _log.warning("price.stream_ended", venue=venue.name)
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


async def _polled(venue: Venue, symbol: str, *, policy: LivePolicy) -> AsyncGenerator[PriceTick, None]:
    """Yield polled prices for a while; a poll that fails is left out."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + policy.poll_for_s
    last: PriceTick | None = None
    while loop.time() < ends:
        try:
            tick = await venue.fetch_price(symbol)
        except VenueError as e:
            _log.info("price.poll_failed", venue=venue.name, error=str(e))
        else:
            if tick != last:
                last = tick
                yield tick
        await asyncio.sleep(policy.poll_every_s)
