"""A replay that kills itself with SIGKILL: at the NTH sealing, inside its open transaction, or at the NTH fit, once it is saved.

Usage: drive_replay.py WHERE NTH, with WHERE one of seal, fit, never. Settings come from the environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from btcforecast.bootstrap import open_database, open_registry
from btcforecast.core import ManualClock, Series
from btcforecast.forecasts import fit, replay
from btcforecast.forecasts.issue import Roles
from btcforecast.settings import load_settings
from btcforecast.telemetry.logs import configure_logs

START, DAY = 1_764_547_200, 86400


def deadly(work: Any, nth: int) -> Any:
    calls = 0

    async def counted(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        done = await work(*args, **options)
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return counted


async def main(where: str, nth: int) -> None:
    settings = load_settings()
    configure_logs(level="ERROR", as_json=True)
    database = open_database(settings)
    if where == "seal":
        replay.seal_in = deadly(replay.seal_in, nth)
    if where == "fit":
        fit._record = deadly(fit._record, nth)
    plan = replay.ReplayPlan(Series("kraken", "BTC/USD"), START, START + 2 * DAY, every_s=4 * 3600, refit_every_s=DAY)
    clock = ManualClock(START + 100 * DAY)
    report = await replay.replay(database, open_registry(settings), Roles("ewma", ("random_walk",)), plan, clock=clock)
    sys.stdout.write(f"{report.n_issued} {report.n_known}\n")
    await database.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
