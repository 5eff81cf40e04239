"""Model versions as rows, for processes that do not read the folder of model files."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Series
from btcforecast.store.candles import CandleStore
from btcforecast.store.tables import model_versions
from btcforecast.store.tables import series as series_table


@dataclass(frozen=True, slots=True)
class ModelVersionRow:
    """A recorded version. manifest: the signed note. status: ready, refused (its files were changed) or retired."""

    version: str
    model: str
    series: Series
    trained_from: int
    trained_until: int
    created_at: int
    manifest: str
    status: str = "ready"


class ModelVersionStore:
    """Reads and writes recorded model versions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, row: ModelVersionRow) -> bool:
        """Record a version and say whether it is new; one that stands there already is marked ready again."""
        values = {
            "version": row.version,
            "model": row.model,
            "series_id": await CandleStore(self._connection).series_id(row.series),
            "trained_from": row.trained_from,
            "trained_until": row.trained_until,
            "created_at": row.created_at,
            "manifest": row.manifest,
            "status": row.status,
        }
        insert = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        # Two workers may fit the same version at once: the one that comes second waits here and then finds it recorded.
        statement = insert(model_versions).values(values).on_conflict_do_nothing().returning(model_versions.c.version)
        if (await self._connection.execute(statement)).first() is not None:
            return True
        await self.set_status(row.version, "ready")
        return False

    async def set_status(self, version: str, status: str) -> None:
        """Say how a version stands: ready, refused or retired."""
        await self._connection.execute(update(model_versions).where(model_versions.c.version == version).values(status=status))

    async def find(self, version: str) -> ModelVersionRow | None:
        """Return one version, or None."""
        rows = await self._rows(version=version)
        return rows[0] if rows else None

    async def list_versions(
        self, *, series: Series | None = None, model: str | None = None, limit: int = 1000
    ) -> list[ModelVersionRow]:
        """Return recorded versions, those trained on the newest data first."""
        return await self._rows(series=series, model=model, limit=limit)

    async def _rows(
        self, *, version: str | None = None, series: Series | None = None, model: str | None = None, limit: int = 1000
    ) -> list[ModelVersionRow]:
        table, owner = model_versions, series_table
        query = select(table, owner.c.venue, owner.c.symbol).join_from(table, owner, table.c.series_id == owner.c.id)
        if version is not None:
            query = query.where(table.c.version == version)
        if series is not None:
            query = query.where(owner.c.venue == series.venue, owner.c.symbol == series.symbol)
        if model is not None:
            query = query.where(table.c.model == model)
        order = (table.c.trained_until.desc(), table.c.created_at.desc(), table.c.version)
        found = await self._connection.execute(query.order_by(*order).limit(limit))
        return [
            ModelVersionRow(
                row.version,
                row.model,
                Series(row.venue, row.symbol),
                row.trained_from,
                row.trained_until,
                row.created_at,
                row.manifest,
                row.status,
            )
            for row in found
        ]
