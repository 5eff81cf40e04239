"""The real web process: what it loads, how it streams, how it stops."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from seeded_store import SERIES
from serving import served

from btcforecast.store.database import Database
from btcforecast.store.feed import Feed


@pytest.fixture(scope="module")
def running(sqlite_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any, str]]:
    """A web process over a copy of the seeded store, which tests may write to."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(sqlite_store.key_file.parent, folder, dirs_exist_ok=True)
    url = f"sqlite:///{folder}/one.db"
    with served(url, folder) as (address, process):
        yield address, process, url


def events(answer: httpx2.Response) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream as they arrive."""
    found: dict[str, Any] = {}
    for line in answer.iter_lines():
        if not line and "event" in found:
            yield found
            found = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = json.loads(value) if name == "data" else value


async def append(url: str, *bodies: dict[str, Any]) -> list[int]:
    database = Database(url)
    async with database.transaction() as connection:
        ids = [await Feed(connection).append_event("settlement", body, at=1) for body in bodies]
    await database.close()
    return ids


def test_the_web_process_loads_no_numerics_exchanges_or_jobs(running: tuple[str, Any, str]):
    address, process, _ = running
    for path in ("/v1/forecasts/latest?symbol=BTC/USD", "/v1/track-record", "/v1/probability?above=90000&horizon=24h", "/docs"):
        httpx2.get(address + path)
    maps = {Path(mapped.path).name for mapped in psutil.Process(process.pid).memory_maps()}
    assert not [name for name in maps if any(heavy in name for heavy in ("polars", "scipy.", "numba", "pandas"))]
    code = (
        "import sys, btcforecast.api.serve; "
        "print([n for n in ('scipy','arch','polars','ccxt','dbos','pandas','alembic','typer','joblib','jinja2','aiosmtplib','webauthn') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


async def test_events_come_as_they_happen_and_a_dropped_client_resumes(running: tuple[str, Any, str]):
    address, _, url = running
    with httpx2.stream("GET", address + "/v1/stream", timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        coming = events(stream)
        greeting = next(coming)
        assert greeting["event"] == "price"
        assert greeting["data"]["source"]["venue"] == SERIES.venue
        first, second = await append(url, {"n": 1}, {"n": 2})
        received = [next(coming), next(coming)]
        assert [(event["event"], event["data"], event["id"]) for event in received] == [
            ("settlement", {"n": 1}, str(first)),
            ("settlement", {"n": 2}, str(second)),
        ]
    (third,) = await append(url, {"n": 3})
    with httpx2.stream("GET", address + "/v1/stream", headers={"Last-Event-ID": str(first)}, timeout=20) as stream:
        missed = list(islice((event for event in events(stream) if event["event"] == "settlement"), 2))
        assert [event["id"] for event in missed] == [str(second), str(third)]


async def test_a_client_from_elsewhere_is_told_that_events_were_lost(running: tuple[str, Any, str]):
    with httpx2.stream("GET", running[0] + "/v1/stream", headers={"Last-Event-ID": "999999"}, timeout=20) as stream:
        assert next(events(stream))["event"] == "reset"
    refused = httpx2.get(running[0] + "/v1/stream", headers={"Last-Event-ID": "x"})
    assert refused.status_code == 422


async def test_a_price_is_streamed_without_an_id(running: tuple[str, Any, str]):
    address, _, url = running
    with httpx2.stream("GET", address + "/v1/stream", timeout=20) as stream:
        coming = events(stream)
        next(coming)
        database = Database(url)
        async with database.transaction() as connection:
            await Feed(connection).set_price(SERIES, 91_000.5, traded_at_ms=int(time.time() * 1000), via="simulated")
        await database.close()
        found = next(event for event in coming if event["event"] == "price" and event["data"]["price"] == 91_000.5)
        assert "id" not in found


async def test_it_stops_at_once_although_clients_are_listening(sqlite_store: Any, tmp_path: Path):
    shutil.copytree(sqlite_store.key_file.parent, tmp_path, dirs_exist_ok=True)
    with served(f"sqlite:///{tmp_path}/one.db", tmp_path) as (address, process):
        with httpx2.stream("GET", address + "/v1/stream", timeout=20) as stream:
            coming = events(stream)
            next(coming)
            process.send_signal(signal.SIGTERM)
            assert list(coming) == []
        # The server itself would wait ten seconds for open answers.
        assert process.wait(8) in (0, -signal.SIGTERM)


async def test_an_endless_body_of_unknown_length_does_no_harm(running: tuple[str, Any, str]):
    host, port = running[0].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST /v1/price HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 4")
    assert httpx2.get(running[0] + "/health").status_code == 200


async def test_health_survives_a_database_that_goes_away(tmp_path: Path):
    with served("postgresql://nobody@127.0.0.1:9/none", tmp_path) as (address, _):
        assert httpx2.get(address + "/health").json() == {"status": "ok"}
        ready = httpx2.get(address + "/health/ready", timeout=20)
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "failed")
        detailed = httpx2.get(address + "/health/detailed", timeout=20)
        assert (detailed.status_code, detailed.json()["status"]) == (503, "failed")
        problem = httpx2.get(address + "/v1/forecasts/latest", timeout=20)
        assert (problem.status_code, problem.headers["content-type"]) == (503, "application/problem+json")
        assert "127.0.0.1" not in problem.text
