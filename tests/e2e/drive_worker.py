"""A worker whose time is told: the real jobs on the real database, driven cycle by cycle, killed where the caller says.

Usage: drive_worker.py FOLDER DATABASE_URL NAME N_CYCLES [WHEN STEP NTH]

It lives through the half-hours of the simulated market from FOLDER's clock on, which outlives it, up to N_CYCLES after START. WHEN is
before or after: it kills itself with SIGKILL at the NTH call of STEP (fetch, issue_due, settle_due, checkpoint), before it or after it
was done but not yet remembered; the STEP append is the writing of ledger entries inside an open transaction.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from dbos import DBOS

from btcforecast.bootstrap import open_database, open_registry, open_signer, open_vault
from btcforecast.core import Series
from btcforecast.forecasts.issue import Issuer
from btcforecast.forecasts.ledger import Ledger
from btcforecast.market.ingest import Ingest
from btcforecast.market.venues import open_venues
from btcforecast.settings import load_settings
from btcforecast.worker.jobs import enqueue, running_jobs
from btcforecast.worker.work import Work

START = 1_764_547_200  # 2025-12-01T00:00:00Z
STEP_S = 1800


class FileClock:
    """A clock kept in a file, so that it goes on where a killed process left it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            self.set(START)

    def now(self) -> int:
        return int(self._path.read_text())

    def set(self, at: int) -> None:
        draft = self._path.with_suffix(f".{os.getpid()}")
        draft.write_text(str(at))
        draft.replace(self._path)


def die_at(when: str, step: str, nth: int) -> None:
    """Make this process kill itself there."""
    owner, name = (Ledger, "append_many") if step == "append" else (Work, step)
    do = getattr(owner, name)
    n_calls = 0

    async def run(*args: Any, **kwargs: Any) -> object:
        nonlocal n_calls
        n_calls += 1
        if n_calls == nth and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = await do(*args, **kwargs)
        if n_calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, run)


async def main() -> None:
    folder, database_url, name, n_cycles = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    settings = load_settings(
        {
            "database_url": database_url,
            "model_path": folder / "models",
            "signing_key_file": folder / "signing.key",
            "secret_key_file": folder / "secret.key",
            "champion": "ewma",
            "baselines": ("random_walk",),
            "fallback": "",
            "challengers": (),
            "history": "70d",
            "worker_name": name,
            "environment": "test",
        },
    )
    clock = FileClock(folder / "clock")
    database = open_database(settings)
    await database.migrate()
    registry = open_registry(settings)
    series = Series("simulated", "BTC/USD")
    work = Work(
        settings=settings,
        database=database,
        clock=clock,
        series=series,
        ingest=Ingest(database, open_venues(["simulated"], clock=clock), clock),
        issuer=Issuer(registry, settings.roles),
        registry=registry,
        signer=open_signer(settings),
        vault=open_vault(settings),
    )
    await work.fetch()
    await work.refit_due()
    if len(sys.argv) > 5:
        die_at(sys.argv[5], sys.argv[6], int(sys.argv[7]))
    async with running_jobs(work, worker_name=name, with_schedule=False, poll_every_s=0.05) as jobs:
        while (at := clock.now()) < START + n_cycles * STEP_S:
            run_id = f"cycle-{at}"
            enqueue(jobs["cycle"], run_id=run_id)
            handle = await DBOS.retrieve_workflow_async(run_id)
            await handle.get_result(polling_interval_sec=0.05)
            # Of two workers, the one that is behind changes nothing.
            clock.set(max(clock.now(), at + STEP_S))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
