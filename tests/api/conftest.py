"""A seeded store behind the real application, asked through ASGI."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest
from starlette.types import ASGIApp

from btcforecast.api.app import create_app
from btcforecast.core import ManualClock
from btcforecast.settings import Settings
from btcforecast.store.database import Database

sys.path.insert(0, str(Path(__file__).parent))
from seeded_store import NOW, Seeded, make_signer, seed  # noqa: E402  # found through the path set above

MakeClient = Callable[..., "httpx2.AsyncClient"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(**overrides: object) -> Settings:
        given = {"signing_key_file": tmp_path / "signing.key", "model_path": tmp_path / "models", "log_level": "WARNING"}
        return Settings(_env_file=None, **{**given, **overrides})

    return make


@pytest.fixture
async def seeded(database: Database, tmp_path: Path) -> Seeded:
    """What stands in the store: on SQLite and on PostgreSQL."""
    return await seed(database, make_signer(tmp_path))


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/one.db")
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
async def seeded_sqlite(sqlite_database: Database, tmp_path: Path) -> Seeded:
    """What stands in the store, on SQLite only: for what does not depend on the database."""
    return await seed(sqlite_database, make_signer(tmp_path))


class Running:
    """The application's lifespan and a client for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __aenter__(self) -> httpx2.AsyncClient:
        inner = self.app._app  # type: ignore[attr-defined]  # the application inside the edge
        while not hasattr(inner, "router"):
            inner = inner.app
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(inner.router.lifespan_context(inner))
        transport = httpx2.ASGITransport(app=self.app, client=("203.0.113.7", 4711))
        return await self._stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://api.test"))

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()


@pytest.fixture
def run_app(clock: ManualClock, make_settings: Callable[..., Settings]) -> Callable[..., Running]:
    def run(database: Database, **overrides: object) -> Running:
        return Running(create_app(make_settings(**overrides), database, clock))

    return run


@pytest.fixture
async def client(database: Database, seeded: Seeded, run_app: Callable[..., Running]) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the seeded service, on both databases."""
    del seeded
    async with run_app(database) as opened:
        yield opened


@pytest.fixture
async def quick(
    sqlite_database: Database, seeded_sqlite: Seeded, run_app: Callable[..., Running]
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the seeded service, on SQLite."""
    del seeded_sqlite
    async with run_app(sqlite_database) as opened:
        yield opened
