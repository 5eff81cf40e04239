"""A seeded store behind the real application, asked through ASGI."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx2
import psycopg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from starlette.types import ASGIApp

from btcforecast.api.app import create_app
from btcforecast.api.service import Service
from btcforecast.core import ManualClock
from btcforecast.settings import Settings
from btcforecast.store.database import Database

sys.path.insert(0, str(Path(__file__).parent))
from logins import NOW as LOGINS_NOW
from logins import Logins
from seeded_store import NOW, Seeded, make_signer, seed  # found through the path set above
from serving import SECRET_KEY


@dataclass(frozen=True)
class Store:
    """A seeded database that tests only read."""

    url: str
    key_file: Path
    seeded: Seeded


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("seeded")
    return _seeded(f"sqlite:///{folder}/one.db", folder)


@pytest.fixture(scope="session")
def postgresql_store(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("seeded")
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE seeded_api")
    return _seeded(postgresql_server.replace("/postgres?", "/seeded_api?"), folder)


def _seeded(url: str, folder: Path) -> Store:
    async def fill() -> Seeded:
        database = Database(url)
        await database.migrate()
        found = await seed(database, make_signer(folder))
        await database.close()
        return found

    # In a thread of its own, because the tests' event loop may be running already.
    with ThreadPoolExecutor(1) as thread:
        return Store(url, folder / "signing.key", thread.submit(lambda: asyncio.run(fill())).result())


@pytest.fixture(scope="session")
def seeded(sqlite_store: Store) -> Seeded:
    """What every seeded store holds: ids depend on nothing but its content."""
    return sqlite_store.seeded


def make_settings(**overrides: object) -> Settings:
    defaults = {
        "log_level": "WARNING",
        "rate_limit": "100000/minute",
        "champion": "day_paths",
        "secret_key": SECRET_KEY,
        "public_url": "https://api.test",
    }
    return Settings(_env_file=None, **{**defaults, **overrides})


class Running:
    """The application's lifespan and a client for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    @property
    def _inner(self) -> FastAPI:
        return self.app._app  # type: ignore[attr-defined]  # the application inside the edge

    @property
    def service(self) -> Service:
        found: Service = self._inner.state.service
        return found

    async def __aenter__(self) -> httpx2.AsyncClient:
        inner = self._inner
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(inner.router.lifespan_context(inner))
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False, client=("203.0.113.7", 4711))
        return await self._stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://api.test"))

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()


def start(store: Store, clock: ManualClock, **overrides: object) -> Running:
    settings = make_settings(signing_key_file=store.key_file, **overrides)
    return Running(create_app(settings, Database(store.url), clock))


@pytest.fixture(scope="session")
def start_app() -> Callable[..., Running]:
    """As `run_app`, for fixtures that live longer than a test: start the application over a store with a clock."""
    return start


@pytest.fixture
def run_app(clock: ManualClock) -> Callable[..., Running]:
    """Start the application over a store, with settings of one's own."""
    return functools.partial(start, clock=clock)


@pytest.fixture
async def logins(
    database: Database, run_app: Callable[..., Running], clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Logins]:
    """An empty service that writes letters, on both databases."""
    clock.at = LOGINS_NOW
    url = database.url.render_as_string(hide_password=False)
    running = run_app(SimpleNamespace(url=url, key_file=tmp_path / "signing.key"), mail_url=f"file:{tmp_path}/mail")
    async with running as client:
        yield Logins(client, running.service)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["sqlite", "postgresql"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the seeded service, on both databases; its clock stands still."""
    async with start(request.getfixturevalue(f"{request.param}_store"), ManualClock(NOW)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def quick(sqlite_store: Store) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the seeded service, on SQLite: for what does not depend on the database."""
    async with start(sqlite_store, ManualClock(NOW)) as opened:
        yield opened
