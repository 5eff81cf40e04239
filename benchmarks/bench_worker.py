"""The worker's memory over a day of simulated cycles: fetch, issue, seal, settle every hour, all models, two refits.

Run by hand or by `make bench`. Limit: under 600 MB resident at the end, and no growth in the second half of the day.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import psutil

from btcforecast.bootstrap import open_database, open_registry, open_signer
from btcforecast.core import ManualClock, Series
from btcforecast.forecasts.issue import Issuer
from btcforecast.market.ingest import Ingest
from btcforecast.market.venues import open_venues
from btcforecast.settings import load_settings
from btcforecast.telemetry.logs import configure_logs
from btcforecast.worker.jobs import enqueue, running_jobs
from btcforecast.worker.work import Work

START = 1_764_547_200  # 2025-12-01T00:00:00Z
LIMIT_MB = 600


async def main() -> None:
    configure_logs(level="ERROR", as_json=True)
    from dbos import DBOS

    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            {
                "database_url": f"sqlite:///{folder}/bench.db",
                "model_path": Path(folder) / "models",
                "signing_key_file": Path(folder) / "signing.key",
                "environment": "test",
            },
        )
        clock, database = ManualClock(START), open_database(settings)
        await database.migrate()
        registry = open_registry(settings)
        work = Work(
            settings=settings,
            database=database,
            clock=clock,
            series=Series("simulated", settings.symbol),
            ingest=Ingest(database, open_venues(["simulated"], clock=clock), clock),
            issuer=Issuer(registry, settings.roles),
            registry=registry,
            signer=open_signer(settings),
        )
        await work.fetch()
        await work.refit_due()
        # As a worker has it that also talks to exchanges.
        import ccxt.async_support  # noqa: F401  # its memory counts

        process, resident, began = psutil.Process(), [], time.perf_counter()
        async with running_jobs(work, worker_name="bench", with_schedule=False, poll_every_s=0.02) as jobs:
            for n in range(288):
                enqueue(jobs["cycle"], run_id=f"cycle-{n}")
                await (await DBOS.retrieve_workflow_async(f"cycle-{n}")).get_result(polling_interval_sec=0.02)
                if n % 144 == 143:
                    enqueue(jobs["refit"], run_id=f"refit-{n}")
                    await (await DBOS.retrieve_workflow_async(f"refit-{n}")).get_result(polling_interval_sec=0.02)
                resident.append(process.memory_info().rss / 1e6)
                clock.advance(300)
        await database.close()
    middle, last = sum(resident[120:144]) / 24, sum(resident[-24:]) / 24
    print(f"a day of cycles, all models: {time.perf_counter() - began:.0f} s")
    print(
        f"resident: {resident[0]:.0f} MB after the first cycle, {last:.0f} MB at the end (limit {LIMIT_MB}), most {max(resident):.0f} MB"
    )
    print(f"growth from midday to midnight: {last / middle:.3f}")


if __name__ == "__main__":
    asyncio.run(main())
