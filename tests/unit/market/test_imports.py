from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from btcforecast.cli.app import build_app
from btcforecast.core import Candles, Series
from btcforecast.core.errors import InputError
from btcforecast.market.files import Chunk, Reason
from btcforecast.market.imports import N_SHOWN, import_candles
from btcforecast.store.candles import CandleStore, Written
from btcforecast.store.database import Database

SERIES = Series("kraken", "BTC/USD")
START = 1_704_067_200
NOW = START + 10**6


def csv_of(n: int, *, bad: int = 0) -> str:
    lines = ["time,open,high,low,close,volume"]
    lines += [f"{START + 300 * step},100,{102 + step % 5},99,101,{step}" for step in range(n)]
    lines += [f"{START + 300 * (n + step)},100,98,99,101,1" for step in range(bad)]
    return "\n".join(lines) + "\n"


async def stored(database: Database) -> Candles:
    async with database.read() as connection:
        return await CandleStore(connection).read(SERIES)


async def test_good_rows_are_stored_and_bad_ones_told(database: Database, tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text(csv_of(500, bad=30))
    told: list[Chunk] = []
    report = await import_candles(database, path, series=SERIES, now=NOW, on_chunk=lambda chunk, _: told.append(chunk))
    assert report.is_stored
    assert report.written == Written(500, 0, 0)
    assert report.n_rejected == {Reason.HIGH_BELOW_LOW: 30}
    assert len(report.rejected) == N_SHOWN
    assert sum(len(chunk.rejected) for chunk in told) == 30
    assert len(await stored(database)) == 500
    again = await import_candles(database, path, series=SERIES, now=NOW)
    assert again.written == Written(0, 0, 500)


async def test_strict_stores_nothing_when_one_row_is_bad(database: Database, tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text(csv_of(50, bad=1))
    report = await import_candles(database, path, series=SERIES, now=NOW, is_strict=True)
    assert not report.is_stored
    assert report.written == Written(0, 0, 0)
    assert len(await stored(database)) == 0
    path.write_text(csv_of(50))
    report = await import_candles(database, path, series=SERIES, now=NOW, is_strict=True)
    assert report.is_stored
    assert len(await stored(database)) == 50


async def test_a_dry_run_stores_nothing(database: Database, tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text(csv_of(50))
    report = await import_candles(database, path, series=SERIES, now=NOW, is_dry_run=True)
    assert report.n_candles == 50
    assert not report.is_stored
    assert len(await stored(database)) == 0


@pytest.mark.parametrize("is_dry_run", [False, True])
async def test_a_file_without_one_usable_row_is_refused(database: Database, tmp_path: Path, is_dry_run: bool):  # noqa: FBT001  # a parameter of the test
    path = tmp_path / "x.csv"
    path.write_text(csv_of(0, bad=3))
    with pytest.raises(InputError, match="no usable candle in 3 rows"):
        await import_candles(database, path, series=SERIES, now=NOW, is_dry_run=is_dry_run)


async def test_an_import_that_breaks_off_leaves_nothing(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "x.csv"
    path.write_text(csv_of(500))
    monkeypatch.setattr("btcforecast.market.files.csvfile._PIECE_BYTES", 2000)
    n_chunks = 0

    def break_off(_chunk: Chunk, _n_units: int) -> None:
        nonlocal n_chunks
        n_chunks += 1
        if n_chunks == 4:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await import_candles(database, path, series=SERIES, now=NOW, on_chunk=break_off)
    assert len(await stored(database)) == 0


def test_an_import_that_is_killed_leaves_nothing(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text(csv_of(2000))
    script = f"""
import asyncio, os, signal
from pathlib import Path
import btcforecast.market.files.csvfile as csvfile
from btcforecast.core import Series
from btcforecast.market.imports import import_candles
from btcforecast.store.database import Database
csvfile._PIECE_BYTES = 4000
chunks = []
def tell(chunk, n_units):
    chunks.append(chunk)
    if len(chunks) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
async def main():
    database = Database("sqlite:///{tmp_path}/x.db")
    await database.migrate()
    await import_candles(database, Path({str(path)!r}), series=Series("kraken", "BTC/USD"), now={NOW}, on_chunk=tell)
asyncio.run(main())
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False, env={**os.environ})
    assert killed.returncode == -signal.SIGKILL
    with sqlite3.connect(tmp_path / "x.db") as connection:
        assert connection.execute("SELECT count(*) FROM candles").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM series").fetchone() == (0,)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/cli.db")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kraken_BTCUSD_5m.csv").write_text(csv_of(10, bad=2) + f"{START + 300 * 15},100,102,99,101,1\n")
    return CliRunner()


def test_the_commands_import_and_list_gaps_as_json(command: CliRunner):
    imported = command.invoke(build_app(), ["import", "kraken_BTCUSD_5m.csv", "--json", "--rejects", "rejects.csv"])
    assert imported.exit_code == 0, imported.output
    report = json.loads(imported.stdout)
    assert (report["venue"], report["symbol"], report["n_new"]) == ("kraken", "BTC/USD", 11)
    assert report["rejected_by_reason"] == {"high_below_low": 2}
    assert report["rejected"][0]["line"] == 12
    assert Path("rejects.csv").read_text().splitlines()[1].startswith("12,high below low,2024-01-01T00:50:00Z")
    gaps = command.invoke(build_app(), ["gaps", "--json"])
    assert json.loads(gaps.stdout) == [
        {
            "venue": "kraken",
            "symbol": "BTC/USD",
            "opened_from": "2024-01-01T00:50:00Z",
            "opened_before": "2024-01-01T01:15:00Z",
            "n_missing": 5,
            "n_borrowed": 0,
        }
    ]


def test_the_commands_speak_to_people(command: CliRunner):
    imported = command.invoke(build_app(), ["import", "kraken_BTCUSD_5m.csv"])
    assert "high below low" in imported.output
    assert "Stored: 11 new, 0 revised, 0 as before." in imported.output
    assert "5 candles missing" in command.invoke(build_app(), ["gaps", "--venue", "kraken", "--symbol", "BTCUSD"]).output
    strict = command.invoke(build_app(), ["import", "kraken_BTCUSD_5m.csv", "--strict"])
    assert isinstance(strict.exception, InputError)
    assert "--strict was given" in str(strict.exception)
