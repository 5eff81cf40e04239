"""`btcforecast ingest`, as a person starts it, against the local exchange, as a person starts that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def venue_urls() -> Iterator[dict[str, str]]:
    server = subprocess.Popen([sys.executable, ROOT / "tests/exchange/server.py"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    yield json.loads(line.partition("=")[2].strip().strip("'"))
    server.terminate()
    server.wait(10)


def ingest(folder: Path, urls: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder}/test.db",
        "VENUE_URLS": json.dumps(urls),
        "VENUES": "coinbase,bitstamp",
    }
    command = [sys.executable, "-m", "btcforecast", "ingest", *arguments]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def control(urls: dict[str, str], venue: str, wish: dict[str, object]) -> None:
    address = urls[venue].replace(f"/{venue}", f"/control/{venue}")
    wished = Request(address, data=json.dumps(wish).encode())  # noqa: S310  # our own loopback address
    with urlopen(wished) as answer:  # noqa: S310  # as above
        assert answer.status == 200


def test_candles_come_in_and_the_next_venue_stands_in_when_the_first_is_away(tmp_path: Path, venue_urls: dict[str, str]):
    done = ingest(tmp_path, venue_urls, "--since", "1d", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["fetched"]
    assert (report["venue"], report["is_simulated"], report["is_stale"]) == ("coinbase", False, False)
    assert report["n_new"] in {287, 288}

    control(venue_urls, "coinbase", {"always": {"kind": "status", "status": 451, "on": None}})
    done = ingest(tmp_path, venue_urls, "--since", "1d")
    control(venue_urls, "coinbase", {})
    assert done.returncode == 0, done.stderr
    assert "does not serve this country" in " ".join(done.stdout.split())
    assert "is known up to" in done.stderr


def test_stale_data_end_with_exit_code_1(tmp_path: Path):
    nowhere = dict.fromkeys(("coinbase", "bitstamp"), "http://127.0.0.1:9")
    done = ingest(tmp_path, nowhere, "--since", "1h")
    assert done.returncode == 1
    assert "has no candles" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--venue", "nosuchexchange"), "no exchange that ccxt knows"),
        (("--since", "2090-01-01"), "lies in the future"),
    ],
)
def test_what_cannot_be_used_ends_with_exit_code_2_and_a_sentence(tmp_path: Path, arguments: tuple[str, ...], words: str):
    done = ingest(tmp_path, {}, *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_the_simulated_market_is_one_more_venue_and_says_so(tmp_path: Path):
    done = ingest(tmp_path, {}, "--venue", "simulated", "--since", "2d", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["fetched"]
    assert report["is_simulated"] is True
    assert report["n_new"] in {575, 576}
