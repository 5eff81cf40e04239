"""Models as they are shown."""

from __future__ import annotations

import json
from typing import cast

from btcforecast.api.answers import sources
from btcforecast.api.schemas.models import ModelCard, ModelList, ModelSummary, ModelVersion, ModelVersionDetail
from btcforecast.api.schemas.shared import RoleName
from btcforecast.api.service import Service
from btcforecast.core import Origin, Series, to_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.store.forecasts import ForecastStore
from btcforecast.store.model_versions import ModelVersionRow, ModelVersionStore

_VERSIONS_SHOWN = 10


async def summary(service: Service, series: Series) -> ModelList:
    """Return the models of every cycle, champion first, with the versions behind them."""
    roles = await service.roles()
    models: list[ModelSummary] = []
    as_of: int | None = None
    async with service.database.read() as connection:
        for name in roles.models:
            role = cast("RoleName", str(roles.of(name)))
            latest = await ForecastStore(connection).latest(series, origin=Origin.LIVE, model=name)
            rows = await ModelVersionStore(connection).list_versions(series=series, model=name, limit=_VERSIONS_SHOWN)
            serving = None if latest is None else latest.forecast.model_version
            models.append(
                ModelSummary(model=name, role=role, serving_version=serving, versions=[_shown(row) for row in rows]),
            )
            as_of = max(filter(None, [as_of, rows[0].trained_until if rows else None]), default=None)
    return ModelList(source=sources.source(service, series, as_of=as_of, is_stale=False), models=models)


async def version(service: Service, name: str) -> ModelVersionDetail:
    """Return one version with its manifest."""
    async with service.database.read() as connection:
        row = await ModelVersionStore(connection).find(name)
    if row is None:
        raise NotFoundError(f"There is no model version “{name}”.")
    source = sources.source(service, row.series, as_of=row.trained_until, is_stale=False)
    # The manifest is the second line of its signed note.
    card = json.loads(row.manifest.split("\n")[1]).get("card")
    shown = None if card is None else ModelCard.model_validate(card)
    return ModelVersionDetail(source=source, version=_shown(row), card=shown, manifest=row.manifest)


def _shown(row: ModelVersionRow) -> ModelVersion:
    return ModelVersion(
        version=row.version,
        model=row.model,
        venue=row.series.venue,
        symbol=row.series.symbol,
        simulated=row.series.is_simulated,
        trained_from=to_rfc3339(row.trained_from),
        trained_until=to_rfc3339(row.trained_until),
        created_at=to_rfc3339(row.created_at),
        status=row.status,
    )
