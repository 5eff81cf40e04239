"""INP-5: candle files over HTTP: streamed, bounded, checked by content, whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import polars as pl
import psutil
import pytest

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.keys import create_key
from btcforecast.accounts.people import add_person
from btcforecast.accounts.roles import ROLES, RoleName
from btcforecast.cli.imports import harmless
from btcforecast.core import Series
from btcforecast.store.audit import AuditStore
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore

sys.path.insert(0, str(Path(__file__).parent))
from serving import served  # found through the path set above

START = 1_735_689_600
SERIES = Series("kraken", "BTC/USD")
MOST = 300_000


class Desk:
    """An operator in front of a running service."""

    def __init__(self, address: str, process: Any, url: str, key: str) -> None:
        self.address, self.process, self.url, self.key = address, process, url, key

    def send(self, body: Any, name: str = "prices.csv", **more: Any) -> httpx2.Response:
        parameters = {"name": name, "venue": SERIES.venue, "symbol": SERIES.symbol, **more}
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/octet-stream"}
        return httpx2.post(f"{self.address}/v1/candles/import", params=parameters, content=body, headers=headers, timeout=120)

    def stored(self) -> int:
        async def count() -> int:
            database = Database(self.url)
            async with database.read() as connection:
                n = len(await CandleStore(connection).read(SERIES, opened_from=START))
            await database.close()
            return n

        return asyncio.run(count())

    def actions(self) -> list[tuple[str, str]]:
        async def read() -> list[tuple[str, str]]:
            database = Database(self.url)
            async with database.read() as connection:
                found = [(row.action, row.result) for row in await AuditStore(connection).find(limit=5)]
            await database.close()
            return found

        return asyncio.run(read())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("uploads")
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/one.db"
    else:
        import psycopg

        server = request.getfixturevalue("postgresql_server")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE uploads")
        url = server.replace("/postgres?", "/uploads?")

    async def fill() -> str:
        database = Database(url)
        await database.migrate()
        actor, now = Actor("command line"), int(time.time())
        async with database.transaction() as connection:
            person = await add_person(connection, email="op@example.org", role=RoleName.OPERATOR, actor=actor, at=now)
            await PeopleStore(connection).change(person.id, plan="partner")
            may = ROLES[RoleName.OPERATOR].permissions
            _, key = await create_key(connection, person.id, name="k", scopes=may, allowed=may, days=1, actor=actor, at=now)
        await database.close()
        return key

    key = asyncio.run(fill())
    with served(url, folder, UPLOAD_MAX_BYTES=str(MOST), TMPDIR=str(folder)) as (address, process):
        yield Desk(address, process, url, key)
    # Nothing of what was sent stays behind.
    assert list((folder / "btcforecast-uploads").iterdir()) == []


def rows(n: int, *, first: int = 0) -> list[str]:
    return [
        f"{START + 300 * place},{100 + place % 7},{110 + place % 7},{90 + place % 7},{101 + place % 7},1.5"
        for place in range(first, first + n)
    ]


def csv(lines: list[str]) -> bytes:
    return "\n".join(["timestamp,open,high,low,close,volume", *lines, ""]).encode()


def test_a_file_is_stored_once_however_often_it_is_sent(desk: Desk):
    found = desk.send(csv(rows(50)))
    assert (found.status_code, found.json()["n_new"], found.json()["is_stored"]) == (200, 50, True)
    again = desk.send(gzip.compress(csv(rows(50))), name="prices.csv.gz").json()
    assert (again["n_new"], again["n_same"]) == (0, 50)
    assert desk.actions()[0] == ("candles.imported", "done")


def test_parquet_comes_in_pieces_of_unknown_length(desk: Desk):
    frame = pl.read_csv(csv(rows(40, first=100)))
    packed = io.BytesIO()
    frame.write_parquet(packed)
    body = packed.getvalue()
    found = desk.send((body[place : place + 100] for place in range(0, len(body), 100)), name="p.parquet")
    assert (found.status_code, found.json()["n_new"]) == (200, 40)


def test_bad_rows_are_named_by_line_and_strict_stores_nothing_of_them(desk: Desk):
    lines = rows(10, first=300)
    lines[3] = f"{START + 300 * 303},=cmd|' /C calc'!A0,110,90,101,1"
    lines[5] = lines[4]
    before = desk.stored()
    strict = desk.send(csv(lines), strict=True)
    assert (strict.status_code, desk.stored()) == (422, before)
    loose = desk.send(csv(lines)).json()
    assert (loose["n_new"], loose["n_rejected"]) == (8, 2)
    assert [row["line"] for row in loose["rejected"]] == [5, 7]
    assert loose["rejected"][0]["reason"]
    assert loose["rejected_by_reason"]["duplicate"] == 1


BOMB = gzip.compress(b"0" * 50_000_000)
WIDE_BOMB = gzip.compress(csv(rows(1)) + b"\n".join([b"1,1,1,1,1,1"] * 4_000_000))


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        (BOMB, "prices.csv.gz", "no column for"),
        (WIDE_BOMB, "prices.csv.gz", "unpacks to more than"),
        (b"%PDF-1.7 ...", "prices.csv", "prices.csv is a PDF document"),
        (b"PK\x03\x04...", "prices.csv", "prices.csv is a zip archive"),
        ("timestamp,open".encode("utf-16"), "prices.csv", "text in UTF-16"),
        (b"", "prices.csv", "prices.csv is empty"),
        (b"a,b,c\n1,2,3\n", "prices.csv", "no column for"),
        (b"timestamp,open,high,low,close\n" + b"\0" * 100, "prices.csv", "prices.csv"),
        (csv(rows(5)), "../../etc/passwd.csv", "without a path"),
        (csv(rows(5)), "/var/prices.csv", "without a path"),
        (csv(rows(5)), "a\\b.csv", "without a path"),
        (csv(rows(5)), "prices.exe", "ending in .csv"),
        (b"x" * (MOST + 1), "prices.csv", "larger than"),
    ],
    ids=[
        "bomb",
        "wide-bomb",
        "pdf",
        "zip",
        "utf-16",
        "empty",
        "columns",
        "nul",
        "up",
        "absolute",
        "backslash",
        "ending",
        "large",
    ],
)
def test_what_is_no_candle_file_is_said_in_words_and_stores_nothing(desk: Desk, body: bytes, name: str, words: str):
    assert len(body) <= MOST + 1
    before = desk.stored()
    found = desk.send(body, name=name)
    assert found.status_code in (413, 422)
    assert words in found.json()["detail"]
    assert "btcforecast-uploads" not in found.text
    assert desk.stored() == before


@pytest.mark.parametrize(
    ("more", "words"), [({"venue": "--help"}, "venue"), ({"symbol": "bitcoin"}, "bitcoin"), ({"venue": "simulated"}, "simulated")]
)
def test_a_market_that_cannot_be_is_refused(desk: Desk, more: dict[str, str], words: str):
    found = desk.send(csv(rows(5)), **more)
    assert found.status_code == 422
    assert words in found.json()["detail"]


def test_too_many_rows_are_refused_as_a_whole(desk: Desk, tmp_path: Path):
    file, before = tmp_path / "many.csv", desk.stored()
    file.write_bytes(csv(rows(20, first=500)))
    command = [sys.executable, "-m", "btcforecast", "import", str(file), "--venue=kraken", "--symbol=BTC/USD", "--max-rows=19"]
    done = subprocess.run(command, env={**os.environ, "DATABASE_URL": desk.url}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "holds more than 19 rows" in " ".join(done.stderr.split())
    assert desk.stored() == before


def test_a_reader_that_is_killed_stores_nothing_and_the_next_file_is_taken(desk: Desk):
    before = desk.stored()

    def kill() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for child in psutil.Process(desk.process.pid).children():
                child.send_signal(signal.SIGKILL)
                return

    killer = threading.Thread(target=kill)
    killer.start()
    found = desk.send(csv(rows(2000, first=1000)))
    killer.join()
    assert found.status_code == 503
    assert desk.stored() == before
    assert desk.send(csv(rows(20, first=1000))).json()["n_new"] == 20


def test_nobody_else_may_send_files_and_bodies_elsewhere_stay_small(desk: Desk):
    url = f"{desk.address}/v1/candles/import?name=a.csv&venue=kraken&symbol=BTC/USD"
    assert httpx2.post(url, content=csv(rows(1)), timeout=60).status_code == 401
    headers = {"Authorization": f"Bearer {desk.key}", "Content-Type": "application/json"}
    large = httpx2.post(f"{desk.address}/v1/me/keys", content=b" " * 2_000_000, headers=headers, timeout=60)
    assert large.status_code == 413


def test_no_spreadsheet_takes_what_was_found_for_a_formula():
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1"):
        assert harmless(text) == f"'{text}"
    assert harmless("42,000.5") == "42,000.5"
