"""A local exchange with a clock of its own, and venues that talk to it with short deadlines."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from btcforecast.core import BASE, ManualClock
from btcforecast.market.breaker import BreakerPolicy
from btcforecast.market.resilience import CallPolicy
from btcforecast.market.venues import CcxtVenue

sys.path.insert(0, str(Path(__file__).parents[2]))

from exchange.app import LocalExchange  # found through the path set above
from exchange.desk import Desk  # as above

VENUES = ("binance", "bitstamp", "coinbase", "kraken", "okx")
NOW = BASE.floor(1_700_000_000) + 77
POLICY = CallPolicy(
    n_attempts=3,
    read_s=1.0,
    attempt_s=3.0,
    total_s=10,
    first_wait_s=0.001,
    most_wait_s=0.01,
    jitter_s=0.001,
    breaker=BreakerPolicy(n_failures=3, first_s=60, most_s=900),
)
"""As in production, only quicker: waits in milliseconds, deadlines of a second, which a busy machine keeps."""

OpenVenue = Callable[..., CcxtVenue]


@pytest.fixture(scope="session", autouse=True)
def _ccxt() -> None:
    """Load ccxt, which takes seconds, before any deadline runs."""
    importlib.import_module("ccxt.pro")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def exchange(clock: ManualClock) -> AsyncIterator[LocalExchange]:
    local = LocalExchange(now=clock.now)
    await local.start()
    yield local
    await local.stop()


@pytest.fixture
async def open_venue(exchange: LocalExchange, clock: ManualClock) -> AsyncIterator[OpenVenue]:
    opened: list[CcxtVenue] = []

    def open_one(name: str, policy: CallPolicy = POLICY) -> CcxtVenue:
        opened.append(CcxtVenue(name, clock=clock, address=exchange.url(name), policy=policy, is_paced=False))
        return opened[-1]

    yield open_one
    for venue in opened:
        await venue.close()


@pytest.fixture(params=VENUES)
def name(request: pytest.FixtureRequest) -> str:
    """Each of the five venues."""
    return str(request.param)


@pytest.fixture
def policy() -> CallPolicy:
    """The deadlines and waits of these tests."""
    return POLICY


@pytest.fixture
def desk(name: str, exchange: LocalExchange) -> Desk:
    """How the venue behaves."""
    return exchange.desks[name]


@pytest.fixture
def venue(name: str, open_venue: OpenVenue) -> CcxtVenue:
    """The venue, through ccxt."""
    return open_venue(name)
