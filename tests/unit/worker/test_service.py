"""How a worker gets ready, and what it tells the others about itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy.exc import OperationalError

from btcforecast.core import ManualClock
from btcforecast.market.report import Progress
from btcforecast.store.database import Database
from btcforecast.worker import service
from btcforecast.worker.service import Pulse

if TYPE_CHECKING:
    from btcforecast.worker.work import Work

HALF = Progress("kraken", opened_from=0, opened_before=600, reached=300, n_new=1)


@pytest.fixture
async def pulse(tmp_path: Path) -> Pulse:
    database = Database(f"sqlite:///{tmp_path / 'pulse.db'}")
    await database.migrate()
    return Pulse(database, ManualClock(1_700_000_000), "one")


class Unlucky:
    """Work whose database goes away once, while history is fetched."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self) -> None:
        self.asked.append("fetch")
        if len(self.asked) == 1:
            raise OperationalError("SELECT 1", {}, ConnectionError("server closed the connection"))

    async def keep_calendar(self) -> None:
        self.asked.append("calendar")

    async def refit_due(self) -> None:
        self.asked.append("refit")

    async def issue_now(self) -> None:
        self.asked.append("issue")

    async def record_missed(self) -> None:
        self.asked.append("missed")

    async def checkpoint(self) -> None:
        self.asked.append("checkpoint")

    async def measure_drift(self) -> None:
        self.asked.append("drift")


async def test_a_database_that_goes_away_while_the_worker_gets_ready_is_waited_for(pulse: Pulse, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "_RETRY_START_S", 0)
    work = Unlucky()
    await service._get_ready(cast("Work", work), pulse)
    assert work.asked == ["fetch", "fetch", "calendar", "refit", "issue", "missed", "checkpoint", "drift"]


async def test_a_drift_report_that_fails_does_not_keep_the_worker_from_starting(pulse: Pulse, monkeypatch: pytest.MonkeyPatch):
    async def fail() -> None:
        raise RuntimeError("singular matrix")

    monkeypatch.setattr(service, "_RETRY_START_S", 0)
    work = Unlucky()
    monkeypatch.setattr(work, "measure_drift", fail)
    await service._get_ready(cast("Work", work), pulse)
    assert work.asked[-1] == "checkpoint"


async def test_what_the_worker_says_may_get_lost(pulse: Pulse, monkeypatch: pytest.MonkeyPatch):
    async def fail() -> None:
        raise OperationalError("SELECT 1", {}, ConnectionError("server closed the connection"))

    monkeypatch.setattr(pulse, "beat", fail)
    await pulse.say("fitting models")
    assert pulse.activity == "fitting models"


async def test_progress_is_shown_while_history_is_fetched(pulse: Pulse):
    await pulse.say("fetching history")
    pulse.on_progress(HALF)
    assert pulse.activity == "fetching history from kraken: 50%"


async def test_what_the_schedule_fetches_later_does_not_hide_what_the_worker_does(pulse: Pulse):
    await pulse.say("forecasting kraken:BTC/USD every 1h")
    pulse.on_progress(HALF)
    assert pulse.activity == "forecasting kraken:BTC/USD every 1h"
