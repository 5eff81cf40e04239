"""A service with a record, whose gate the tests move while it serves: further cycles are sealed by the real code under other limits."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import urlopen

from page_server import served

from btcforecast.core import Candles, ManualClock, Origin, from_rfc3339
from btcforecast.engine.calibration.gate import GateLimits
from btcforecast.engine.calibration.health import Health
from btcforecast.engine.calibration.promotion import PromotionLimits
from btcforecast.forecasts.ledger import sign_ledgers
from btcforecast.forecasts.promotion import Forced, promote, roll_back
from btcforecast.forecasts.roles import Roles
from btcforecast.forecasts.seal import seal
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database

sys.path.append(str(Path(__file__).parents[1] / "api"))
from seeded_store import DAYS, SCHEDULE, SERIES, candles, cycle, make_signer  # found through the path set above
from seeded_store import seed as seed_store

ROLES: Final = Roles("day_paths", ("random_walk", "garch"), "ewma")
CHALLENGED: Final = Roles("day_paths", challengers=("ewma",))
ENVIRONMENT: Final = {"CHAMPION": "day_paths", "BASELINES": "random_walk,garch", "FALLBACK": "ewma", "ISSUE_EVERY": "1h"}
# A record of ten hours is judged, and whatever it shows is within these.
EASY: Final = GateLimits(min_share=0.001, coverage_1h=(0, 100), coverage_4h=(0, 100), coverage_24h=(0, 100))
LIMITS: Final = {
    "open": EASY,
    "demoted": EASY,
    "suspended": replace(EASY, coverage_1h=(0, 1)),
    "withheld": replace(EASY, newest_candle_s=1),
}
UNSOUND: Final = {"day_paths": Health(scale_ratio=9)}


class GatedService:
    """A running service. address: where its page is."""

    def __init__(self, folder: Path, history: Candles, *, as_of: int) -> None:
        self._folder = folder
        self._history = history
        self._as_of = as_of
        self.address = ""

    def enter(self, state: str) -> None:
        """Seal one more cycle, such that the gate comes to this state; returns when the service knows it."""
        self._as_of += 300
        _run(self._seal(state))
        until = time.monotonic() + 20
        while not self._knows(state):
            assert time.monotonic() < until, f"The service did not learn that its gate is {state}."
            time.sleep(0.1)

    def _knows(self, state: str) -> bool:
        try:
            with urlopen(f"{self.address}/v1/forecasts/latest", timeout=10) as answer:  # noqa: S310  # loopback
                served = json.load(answer)
        except HTTPError as e:
            return bool(json.load(e)["type"].endswith(f"-{state}"))
        return bool(served["served"]["state"] == state and from_rfc3339(served["forecast"]["as_of"]) == self._as_of)

    async def _seal(self, state: str) -> None:
        database = _database(self._folder)
        issued = replace(cycle(self._history, self._as_of, Origin.LIVE, n_paths=200), roles=ROLES)
        if state == "demoted":
            issued = replace(issued, healths=UNSOUND)
        clock = ManualClock(self._as_of + 8)
        await seal(database, issued, schedule=SCHEDULE, clock=clock, limits=LIMITS[state])
        await sign_ledgers(database, make_signer(self._folder), clock=clock)
        await database.close()


@contextmanager
def gated_service(folder: Path) -> Iterator[GatedService]:
    """Serve a record of ten hours, with a promotion that was taken back; yields the service.

    It ends four hours ago, though candles are there up to now: that is room for 48 cycles more.
    """
    hour = int(time.time()) // 3600 * 3600
    begun = hour - 4 * 3600
    history = candles(begun - DAYS * 86400, days=DAYS + 1).up_to(hour)
    _run(_seed(folder, history, now=begun + 90))
    service = GatedService(folder, history, as_of=begun)
    with served(folder, **ENVIRONMENT) as service.address:
        yield service


async def _seed(folder: Path, history: Candles, *, now: int) -> None:
    database = _database(folder)
    await database.migrate()
    await seed_store(database, make_signer(folder), now=now)
    async with database.transaction() as connection:
        await CandleStore(connection).write(SERIES, history, recorded_at=now)
    clock = ManualClock(now - 5 * 3600)
    why = Forced("It was <b>narrower</b> in May.")
    await promote(database, SERIES, CHALLENGED, "ewma", clock=clock, limits=PromotionLimits(), forced=why)
    await roll_back(database, SERIES, CHALLENGED, clock=ManualClock(now - 60), reason="Too wide since Monday.")
    await database.close()


def _database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder}/page.db")


def _run(work: Coroutine[Any, Any, None]) -> None:
    # In a thread of its own, because the browser's driver keeps a loop running in the tests' one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work)).result()
