"""`btcforecast run` and its parts, as a person starts them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

from btcforecast.accounts.encryption.secret_key import new_secret_key

WITHIN_S = 240


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(folder: Path, command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The command in an empty folder with nothing of this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "btcforecast", command],
        cwd=folder,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def answer(url: str, *, until: Any = lambda found: found.status_code == 200) -> httpx2.Response:
    """Ask until the answer is what is waited for."""
    deadline = time.monotonic() + WITHIN_S
    last: object = None
    while time.monotonic() < deadline:
        try:
            found = httpx2.get(url, timeout=10)
        except httpx2.HTTPError as e:
            last = e
        else:
            if until(found):
                return found
            last = found.text[:500]
        time.sleep(0.2)
    message = f"{url} did not answer as expected; last: {last}"
    raise AssertionError(message)


def test_run_shows_a_living_simulated_market_and_stops_cleanly(tmp_path: Path):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with started(tmp_path, "run", PORT=str(port), MARKET="simulated", REPLAY_AT_START="1d") as process:
        latest = answer(f"{base}/v1/forecasts/latest").json()
        assert latest["source"]["simulated"] is True
        assert {latest["forecast"]["model"], *(found["model"] for found in latest["others"])} == {
            "multiscale", "day_paths", "log_har", "random_walk", "ewma", "garch",
        }  # fmt: skip
        assert "<html" in answer(base).text
        answer(f"{base}/v1/price")
        record = answer(
            f"{base}/v1/track-record?origin=replayed", until=lambda found: found.json().get("n_settled", 0) > 0
        ).json()
        assert record["n_cycles_issued"] > 0
        # The worker says that it is alive, and nothing is wrong.
        health = answer(
            f"{base}/health/detailed", until=lambda found: found.json()["components"]["worker"]["status"] == "ok"
        ).json()
        assert health["status"] in {"ok", "degraded"}
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output[-3000:]
    assert f"Page     {base}" in output
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_run_ends_when_a_part_of_it_ends(tmp_path: Path):
    port = free_port()
    with started(tmp_path, "run", PORT=str(port), MARKET="simulated", REPLAY_AT_START="1d") as process:
        answer(f"http://127.0.0.1:{port}/health")
        worker = next(child for child in psutil.Process(process.pid).children() if child.cmdline()[-1] == "worker")
        worker.kill()
        assert process.wait(60) == 1


def test_parts_do_not_outlive_a_killed_run(tmp_path: Path):
    port = free_port()
    with started(tmp_path, "run", PORT=str(port), MARKET="simulated", REPLAY_AT_START="1d") as process:
        answer(f"http://127.0.0.1:{port}/health")
        parts = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        _, alive = psutil.wait_procs(parts, timeout=60)
    assert alive == []


def test_a_database_that_is_damaged_or_away_is_named_without_a_traceback(tmp_path: Path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "btcforecast.db").write_bytes(b"nothing that a database would hold" * 100)
    for environment in ({}, {"DATABASE_URL": "postgresql://someone:hunter2@127.0.0.1:9/none"}):
        with started(tmp_path, "gaps", **environment) as process:
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "DATABASE_URL" in output
        assert "Traceback" not in output
        assert "hunter2" not in output


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with started(tmp_path, "run", PORT=str(taken.getsockname()[1])) as process:
            output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "PORT" in output
    assert not (tmp_path / "var").exists()


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path):
    with started(tmp_path, "worker", LOG_LEVEL="LOUD") as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "LOG_LEVEL" in output


def test_a_worker_without_its_key_in_production_says_how_to_make_one(tmp_path: Path):
    safe = {
        "ENVIRONMENT": "production",
        "MARKET": "simulated",
        "ALLOW_SQLITE_IN_PRODUCTION": "true",
        "SECRET_KEY": new_secret_key(),
        "PUBLIC_URL": "https://btc.example",
    }
    for command, code in (("worker", 2), ("doctor", 3)):
        with started(tmp_path, command, COLUMNS="500", **safe) as process:
            output, _ = process.communicate(timeout=60)
        assert process.returncode == code
        assert "openssl genpkey -algorithm ed25519 -out var/signing.key" in output
        assert "Traceback" not in output


def test_a_metrics_port_that_is_taken_is_named(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with started(tmp_path, "worker", MARKET="simulated", METRICS_PORT=str(taken.getsockname()[1])) as process:
            output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "METRICS_PORT" in output
    assert "Traceback" not in output


def test_doctor_shows_settings_with_secrets_masked_and_says_what_is_wrong(tmp_path: Path):
    with started(tmp_path, "doctor", DATABASE_URL="postgresql://someone:hunter2@127.0.0.1:9/none") as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "hunter2" not in output
    assert "wrong" in output
    assert "ISSUE_EVERY" in output
