"""One database, SQLite or PostgreSQL, behind the same few methods."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from btcforecast.core.errors import SettingsError

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
DATABASE_FAULTS: Final = (DBAPIError, sqlite3.Error)
"""What is raised when the database is away, damaged, or refuses; the edges say it in a sentence."""
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
}


def database_url(text_url: str) -> URL:
    """Return the URL with the driver that is used here; accepts `postgres://`, `postgresql://` and `sqlite:///`."""
    try:
        url = make_url(text_url)
    except ArgumentError as e:
        message = "DATABASE_URL is not a database address; write postgresql://user:password@host/name or sqlite:///path/file.db."
        raise SettingsError(message) from e
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        message = f"DATABASE_URL names the database “{url.get_backend_name()}”; use postgresql or sqlite."
        raise SettingsError(message)
    return url.set(drivername=driver)


class Database:
    """A pool of connections. `read()` for queries, `transaction()` for one unit of work, committed once when it ends well."""

    def __init__(self, address: str, *, pool_size: int = 5, statement_timeout_s: int = 30) -> None:
        self.url: Final = database_url(address)
        self.is_sqlite: Final = self.url.get_backend_name() == "sqlite"
        self._engine: Final = self._sqlite() if self.is_sqlite else self._postgresql(pool_size, statement_timeout_s)

    def _sqlite(self) -> AsyncEngine:
        if self.url.database not in (None, "", ":memory:"):
            path = Path(str(self.url.database))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)
        engine = create_async_engine(self.url, connect_args={"timeout": 30}, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine

    def _postgresql(self, pool_size: int, statement_timeout_s: int) -> AsyncEngine:
        limits = f"-c statement_timeout={statement_timeout_s * 1000} -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
        return create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=True,
            pool_recycle=1800,
            # What was asked for goes into logs when it fails, and values may be personal.
            hide_parameters=True,
            connect_args={"connect_timeout": 10, "options": limits},
        )

    @property
    def engine(self) -> AsyncEngine:
        """Return the SQLAlchemy engine, for pool figures."""
        return self._engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection for queries; nothing is committed."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection whose work is committed as one when the block ends, and undone when it raises."""
        async with self._engine.connect() as connection:
            # SQLite: taking the write lock first means waiting in turn instead of failing halfway.
            await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
            async with connection.begin():
                yield connection

    async def migrate(self) -> None:
        """Bring the tables to the newest version; safe to call from several processes at once.

        Raises SettingsError where something is to be changed and the role in use may not.
        """
        if not await self.pending_migrations():
            return
        async with self.transaction() as connection:
            if not self.is_sqlite:
                # One process migrates, the others wait here and then find nothing to do.
                await connection.execute(text("SELECT pg_advisory_xact_lock(7091822103)"))
                await _refuse_if_not_owner(connection)
            await connection.run_sync(_upgrade)

    async def pending_migrations(self) -> bool:
        """Say whether the tables are behind this code."""
        async with self.read() as connection:
            return await connection.run_sync(_is_behind)

    async def ping(self) -> float:
        """Return the seconds that the smallest query takes."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))
        return loop.time() - began

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()


async def _refuse_if_not_owner(connection: AsyncConnection) -> None:
    query = text(
        "SELECT current_user, has_schema_privilege('public', 'CREATE') AND coalesce((SELECT pg_has_role(current_user, relowner, 'USAGE')"
        " FROM pg_class WHERE oid = to_regclass('alembic_version')), true)"
    )
    role, may = (await connection.execute(query)).one()
    if not may:
        message = f"The tables are behind this version, and the role “{role}” may not change them; run `btcforecast database migrate` as their owner."
        raise SettingsError(message)


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, bound to the connection when one is given."""
    from alembic.config import Config  # noqa: PLC0415  # 12 MB that a web process does not need

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # as above

    command.upgrade(alembic_config(connection), "head")


def newest_revision() -> str:
    """Return the newest migration's name: files are numbered, and a revision is its file's number."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _is_behind(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return True
    current: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return current != newest_revision()


def _prepare_sqlite(connection: object, _record: object) -> None:
    # Transactions begin only where `_begin_sqlite` says so, not wherever the driver guesses.
    connection.isolation_level = None  # type: ignore[attr-defined]  # the adapter has no public type
    cursor = connection.cursor()  # type: ignore[attr-defined]  # as above
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-16384",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
