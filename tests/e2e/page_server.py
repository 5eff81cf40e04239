"""Starts the real server over a database seeded by the real commands, for the tests of the page."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from btcforecast.core import Origin, Series
from btcforecast.forecasts.ledger import Ledger, Signer
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed

SERIES = Series("simulated", "BTC/USD")
_STARTED_WITHIN_S = 60


def environment(folder: Path) -> dict[str, str]:
    """Return the settings of a service in this folder on the simulated market, with models that fit quickly."""
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder}/page.db",
        "MODEL_PATH": f"{folder}/models",
        "SIGNING_KEY_FILE": f"{folder}/signing.key",
        "ENVIRONMENT": "test",
        "LOG_LEVEL": "WARNING",
        "MARKET": "simulated",
        "SYMBOL": SERIES.symbol,
        "CHAMPION": "ewma",
        "BASELINES": "random_walk",
        "FALLBACK": "",
        "CHALLENGERS": "",
        # Any five minutes are an instant to issue at, so that the test need not wait for the hour.
        "ISSUE_EVERY": "5m",
    }


def run(folder: Path, *arguments: str) -> None:
    """Run one command of the service."""
    done = subprocess.run(
        [sys.executable, "-m", "btcforecast", *arguments],
        env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def seed(folder: Path) -> None:
    """Make a replayed record, a live forecast, a live price and a signed checkpoint of either ledger."""
    today = datetime.now(UTC).date()
    run(folder, "ingest", "--venue", "simulated", "--since", "70d")
    span = ("--from", str(today - timedelta(days=6)), "--to", str(today))
    run(folder, "replay", *span, "--every", "6h", "--models", "ewma,random_walk")
    run(folder, "fit")
    run(folder, "ingest", "--venue", "simulated", "--since", "1d")
    run(folder, "issue")
    asyncio.run(_finish(folder))


async def _finish(folder: Path) -> None:
    database = Database(f"sqlite:///{folder}/page.db")
    signer = Signer.load_or_create(folder / "signing.key")
    now = int(time.time())
    async with database.read() as connection:
        candles = await CandleStore(connection).read(SERIES, opened_from=now - 3600)
    async with database.transaction() as connection:
        for origin in Origin:
            await Ledger(connection, origin).checkpoint(signer, at=now)
        await Feed(connection).set_price(SERIES, float(candles.close[-1]), traded_at_ms=now * 1000, via="simulated")
    await database.close()


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[str]:
    """Serve the folder's database; yields the address. settings: other than those of `environment`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "btcforecast", "serve"],
        env={
            **environment(folder), "PUBLIC_URL": f"http://localhost:{port}", **settings,
            "PORT": str(port), "RATE_LIMIT": "100000/minute",
        },
        cwd=folder,
    )  # fmt: skip
    try:
        _wait(server, f"{address}/health")
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _wait(server: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + _STARTED_WITHIN_S
    while time.monotonic() < until:
        assert server.poll() is None, "The server ended while it started."
        try:
            urlopen(address, timeout=5).close()  # noqa: S310  # loopback
        except (URLError, OSError):
            continue
        return
    raise AssertionError("The server did not start in time.")
