from __future__ import annotations

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from btcforecast.core.errors import SettingsError
from btcforecast.store.database import Database, alembic_config, newest_revision
from btcforecast.store.tables import metadata


async def test_migrating_twice_changes_nothing_and_leaves_nothing_pending(database: Database):
    await database.migrate()
    assert not await database.pending_migrations()


def test_the_newest_revision_is_known_without_loading_the_migrations():
    assert newest_revision() == ScriptDirectory.from_config(alembic_config()).get_current_head()


async def test_an_empty_database_is_behind(database_url: str):
    empty = Database(database_url)
    assert await empty.pending_migrations()
    await empty.close()


async def test_migrations_make_exactly_the_tables_that_the_code_uses(database: Database):
    async with database.read() as connection:
        differences = await connection.run_sync(lambda plain: compare_metadata(MigrationContext.configure(plain), metadata))
    assert differences == []


async def test_a_transaction_that_raises_leaves_nothing_behind(database: Database):
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO series (venue, symbol) VALUES ('kraken', 'BTC/USD')"))
            raise RuntimeError
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM series"))).scalar_one() == 0


async def test_sqlite_files_are_private(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/inner/file.db")
    await database.migrate()
    await database.close()
    assert stat.S_IMODE((tmp_path / "inner").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "inner" / "file.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("address", ["mysql://root@host/db", "no address at all"])
def test_another_database_is_refused_by_name(address: str):
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        Database(address)
