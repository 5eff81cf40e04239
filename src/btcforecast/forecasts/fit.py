"""Fit: models from stored candles, as signed versions on disk, in the table and in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from btcforecast.core import Origin, Series, to_rfc3339
from btcforecast.core.errors import InputError, NotFoundError
from btcforecast.engine.models.catalogue import load_model
from btcforecast.forecasts.calendar import digest_of, known_calendar
from btcforecast.forecasts.card import card_of
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.forecasts.versions import ModelVersion
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.model_versions import ModelVersionRow, ModelVersionStore

log = structlog.get_logger()


async def fit_models(
    database: Database,
    registry: ModelRegistry,
    series: Series,
    model_names: Sequence[str],
    *,
    until: int,
    now: int,
    since: int | None = None,
    with_scores: bool = True,
    on_fitted: Callable[[str], None] | None = None,
    on_failed: Callable[[str, Exception], None] | None = None,
) -> list[ModelVersion]:
    """Fit each model to the candles that had closed by `until`, save and record it, and return the versions in order.

    Models are told of the scheduled events that were announced by `until`. since: leave candles opened before it out. with_scores: put
    held-out scores on each model's card, which takes a second fit. on_fitted: told each model's name when its version stands. on_failed: told of a model that cannot be fitted, and the others go on; without it
    the error is raised. Fitting again on the same candles changes nothing, so it is safe to repeat after
    a crash. Raises InputError for a span that cannot be or a model named twice, NotFoundError without candles,
    TooLittleHistoryError when a model needs more.
    """
    _check(model_names, since=since, until=until, now=now)
    async with database.read() as connection:
        candles = await CandleStore(connection).read(series, opened_from=since, opened_before=until)
    history = candles.up_to(until)
    if not len(history):
        from_then = "" if since is None else f" from {to_rfc3339(since)}"
        message = (
            f"There are no candles of {series}{from_then} to {to_rfc3339(until)}; choose another span, or import or ingest some."
        )
        raise NotFoundError(message)
    digest = await asyncio.to_thread(history.digest)
    told = (await known_calendar(database, known_at=None)).known_at(until)
    versions: list[ModelVersion] = []
    for name in model_names:
        try:
            model_class = load_model(name)
            model = await asyncio.to_thread(model_class.fit, history, calendar=told)
            card = await asyncio.to_thread(card_of, model_class, history, calendar=told, with_scores=with_scores)
        except Exception as e:
            if on_failed is None:
                raise
            log.warning("model.not_fitted", model=name, series=str(series), reason=str(e) or type(e).__name__)
            on_failed(name, e)
            continue
        version = await asyncio.to_thread(
            registry.save,
            model,
            series=series,
            trained_from=int(history.opened_at[0]),
            data_digest=digest,
            created_at=now,
            loader=name,
            calendar_digest=digest_of(told),
            card=card,
        )
        for warning in card["warnings"]:
            log.warning("model.little_history", model=name, series=str(series), reason=warning)
        await _record(database, version, at=now)
        log.info("model.fitted", model=name, version=version.name, n_candles=len(history))
        versions.append(version)
        if on_fitted is not None:
            on_fitted(name)
    return versions


def _check(model_names: Sequence[str], *, since: int | None, until: int, now: int) -> None:
    if until > now:
        message = f"{to_rfc3339(until)} is still to come; a fit ends by now, {to_rfc3339(now)}."
        raise InputError(message)
    if since is not None and since >= until:
        message = f"A fit's span ends after it begins; {to_rfc3339(until)} is not after {to_rfc3339(since)}."
        raise InputError(message)
    if len(set(model_names)) != len(model_names):
        message = f"A model is fitted once; {', '.join(model_names)} names one twice."
        raise InputError(message)


async def _record(database: Database, version: ModelVersion, *, at: int) -> None:
    async with database.transaction() as connection:
        row = ModelVersionRow(
            version.name,
            version.model,
            version.series,
            version.trained_from,
            version.trained_until,
            version.created_at,
            version.note,
        )
        if await ModelVersionStore(connection).add(row):
            await Ledger(connection, Origin.LIVE).append("model_version", entry_body(version), at=at)


def entry_body(version: ModelVersion) -> dict[str, Any]:
    """Return the body of a `model_version` entry: the manifest under the version's name."""
    return {"version": version.name, **version.manifest()}
