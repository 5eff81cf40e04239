"""Killing the worker at any moment loses nothing and doubles nothing; workers share the work; absence is put on record."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from drive_worker import START, STEP_S
from sqlalchemy import func, select, text

from btcforecast.core import Origin
from btcforecast.forecasts.ledger import Ledger
from btcforecast.store.database import Database
from btcforecast.store.tables import candles, cycles, forecasts, ledger_entries, targets

DRIVER = Path(__file__).with_name("drive_worker.py")
N_CYCLES = 7


def live(
    folder: Path, url: str, *, name: str = "one", n_cycles: int = N_CYCLES, death: tuple[str, str, int] | None = None
) -> int:
    """Run a worker through the cycles; return its exit code."""
    folder.mkdir(exist_ok=True)
    arguments = [str(folder), url, name, str(n_cycles), *map(str, death or ())]
    done = subprocess.run([sys.executable, str(DRIVER), *arguments], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode in (0, -9), done.stdout[-3000:] + done.stderr[-3000:]
    return done.returncode


async def ledger_of(url: str) -> tuple[int, str]:
    """Return how many entries the live ledger has, and its root."""
    database = Database(url)
    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        size = await ledger.size()
        root = (await ledger.root(size)).hex()
    await database.close()
    return size, root


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("undisturbed")
    url = f"sqlite:///{folder}/worker.db"
    assert live(folder, url) == 0
    return url


@pytest.mark.parametrize(
    "death",
    [
        ("before", "issue_due", 3),
        ("after", "append", 2),
        ("after", "issue_due", 3),
        ("after", "settle_due", 3),
    ],
    ids=lambda death: "-".join(map(str, death)),
)
async def test_a_worker_killed_at_any_moment_leaves_the_same_ledger(
    tmp_path: Path, undisturbed: str, death: tuple[str, str, int]
):
    url = f"sqlite:///{tmp_path}/worker.db"
    assert live(tmp_path, url, death=death) == -9
    assert live(tmp_path, url) == 0
    assert await ledger_of(url) == await ledger_of(undisturbed)


async def test_two_workers_on_one_postgresql_share_the_work(tmp_path: Path, postgresql_url: str, undisturbed: str):
    both = [asyncio.to_thread(live, tmp_path, postgresql_url, name=name) for name in ("one", "two")]
    assert await asyncio.gather(*both) == [0, 0]
    assert await ledger_of(postgresql_url) == await ledger_of(undisturbed)
    database = Database(postgresql_url)
    async with database.read() as connection:
        ran = await connection.execute(text("SELECT workflow_uuid, count(*) FROM dbos.workflow_status GROUP BY 1"))
        assert {row[1] for row in ran} == {1}
        doubled = select(forecasts.c.as_of).group_by(forecasts.c.as_of, forecasts.c.model).having(func.count() > 1)
        assert (await connection.execute(doubled)).all() == []
    await database.close()


async def test_hours_of_absence_are_recorded_as_missed_and_caught_up_with(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/worker.db"
    assert live(tmp_path, url, n_cycles=2) == 0
    back_at = START + 5 * 3600 + STEP_S
    (tmp_path / "clock").write_text(str(back_at))
    assert live(tmp_path, url, n_cycles=(back_at - START) // STEP_S + 2) == 0
    database = Database(url)
    async with database.read() as connection:
        found = await connection.execute(select(cycles.c.as_of, cycles.c.status).order_by(cycles.c.as_of))
        assert [((row.as_of - START) // 3600, row.status) for row in found] == [
            (0, "issued"), (1, "missed"), (2, "missed"), (3, "missed"), (4, "missed"), (5, "missed"), (6, "issued"),
        ]  # fmt: skip
        missed = select(func.count()).select_from(ledger_entries).where(ledger_entries.c.kind == "missed_cycle")
        assert (await connection.execute(missed)).scalar_one() == 5
        newest = (await connection.execute(select(func.max(candles.c.opened_at)))).scalar_one()
        assert newest == START + 6 * 3600 - 300
        open_targets = (
            select(func.count()).select_from(targets).where(targets.c.target_at <= newest + 300, targets.c.settled_at.is_(None))
        )
        assert (await connection.execute(open_targets)).scalar_one() == 0
    await database.close()
