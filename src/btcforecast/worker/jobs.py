"""The schedule, and the durable workflows that it starts.

DBOS remembers which scheduled run was taken and resumes one that a crash cut off. It runs workflows in threads of its own; what they
do runs on the worker's event loop, where the database and the exchanges live. Every step can be repeated (decision record 3).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID

from btcforecast import __version__
from btcforecast.store.database import Database
from btcforecast.telemetry import metrics
from btcforecast.worker.work import Work

QUEUE: Final = "btcforecast-jobs"
# Venues need a moment after the close until they show the candle.
CYCLE_CRON: Final = "4 */5 * * * *"
REFILL_CRON: Final = "30 2,17,32,47 * * * *"
REFIT_CRON: Final = "0 21 * * * *"
_KEPT: Final = timedelta(days=2)

log: Final = structlog.get_logger()

Job = Callable[[datetime, Any], None]


def job_database_url(database: Database) -> str:
    """Return where DBOS keeps its own tables: a schema of the same PostgreSQL, or a file beside the SQLite one."""
    if not database.is_sqlite:
        return database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    path = Path(str(database.url.database)).with_suffix(".jobs.db").absolute()
    path.touch(mode=0o600, exist_ok=True)
    return f"sqlite:///{path}"


@asynccontextmanager
async def running_jobs(
    work: Work, *, worker_name: str, with_schedule: bool = True, poll_every_s: float = 1.0
) -> AsyncIterator[dict[str, Job]]:
    """Run the jobs while the block lasts, and yield them by name.

    Workflows that this worker left unfinished are resumed at once.
    """
    config: DBOSConfig = {
        "name": "btcforecast",
        "system_database_url": job_database_url(work.database),
        # Steps keep their meaning across versions, so a newer worker may resume what an older one began.
        "application_version": __version__,
        "executor_id": worker_name,
        "log_level": "WARNING",
    }
    DBOS(config=config)
    jobs = _define(work, asyncio.get_running_loop())
    await asyncio.to_thread(DBOS.launch)
    try:
        await asyncio.to_thread(DBOS.register_queue, QUEUE, worker_concurrency=1, polling_interval_sec=poll_every_s)
        if with_schedule:
            await asyncio.to_thread(DBOS.apply_schedules, _schedules(jobs))
        yield jobs
    finally:
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=10)


def _define(work: Work, loop: asyncio.AbstractEventLoop) -> dict[str, Job]:
    def step(name: str, do: Callable[[], Coroutine[Any, Any, object]]) -> Callable[[], str]:
        @DBOS.step(name=name)
        def run() -> str:
            began = loop.time()
            try:
                told = str(asyncio.run_coroutine_threadsafe(do(), loop).result())
            except Exception as e:
                metrics.job_duration.labels(name, "failed").observe(loop.time() - began)
                # The run ends here and is on record as failed; the next one does whatever is still due.
                log.warning("job.failed", job=name, reason=str(e) or type(e).__name__)
                raise
            metrics.job_duration.labels(name, "done").observe(loop.time() - began)
            log.info("job.done", job=name, told=told)
            return told

        return run

    fetch, calendar, issue, settle, seal = (
        step("fetch", work.fetch),
        step("calendar", work.keep_calendar),
        step("issue", work.issue_due),
        step("settle", work.settle_due),
        step("checkpoint", work.checkpoint),
    )
    refill, refit, replay, tidy = (
        step("refill", work.refill),
        step("refit", work.refit_due),
        step("replay", work.replay_recent),
        step("tidy", work.tidy),
    )

    promote, drift = step("promote", work.promote_due), step("drift", work.measure_drift)

    @DBOS.workflow(name="cycle")
    def cycle(_scheduled_at: datetime, _context: Any) -> None:
        """Fetch what has closed, look at the calendar, issue what is due, settle what can be, and sign how the ledgers stand."""
        for run in (fetch, calendar, issue, settle, seal):
            run()

    @DBOS.step(name="forget_old_runs")
    def forget_old_runs() -> None:
        """Drop the memory of runs of days ago, so that DBOS's tables do not grow for ever.

        One that a lost worker left unfinished goes, too: later runs have long done what was due.
        """
        before = (datetime.now(UTC) - _KEPT).isoformat()
        old = DBOS.list_workflows(end_time=before, load_input=False, load_output=False)
        DBOS.delete_workflows([run.workflow_id for run in old])

    @DBOS.workflow(name="refill")
    def refill_gaps(_scheduled_at: datetime, _context: Any) -> None:
        """Ask the venue again for what is missing or borrowed."""
        refill()

    @DBOS.workflow(name="refit")
    def refit_models(_scheduled_at: datetime, _context: Any) -> None:
        """Fit the models anew when they are old enough, and clear away what is no longer needed."""
        refit()
        promote()
        drift()
        tidy()
        forget_old_runs()

    @DBOS.workflow(name="replay")
    def replay_recent(_scheduled_at: datetime, _context: Any) -> None:
        """Replay recent history once, so that there is a record to look at."""
        replay()
        seal()

    return {"cycle": cycle, "refill": refill_gaps, "refit": refit_models, "replay": replay_recent}


def _schedules(jobs: dict[str, Job]) -> list[Any]:
    crons = {"cycle": CYCLE_CRON, "refill": REFILL_CRON, "refit": REFIT_CRON}
    return [
        {"schedule_name": name, "workflow_fn": jobs[name], "schedule": cron, "queue_name": QUEUE} for name, cron in crons.items()
    ]


def enqueue(job: Job, *, run_id: str) -> None:
    """Start a job once: the same `run_id` never runs twice, on whichever worker."""
    with SetWorkflowID(run_id):
        DBOS.enqueue_workflow(QUEUE, job, datetime.now(UTC), None)
