"""Candle files from operators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from btcforecast.accounts.audit import AuditLog
from btcforecast.api.access import ServiceDep
from btcforecast.api.permitted import MarketWriter, actor_of
from btcforecast.api.personal import personal
from btcforecast.api.schemas.uploads import ImportedCandles
from btcforecast.api.uploads import MOST_ROWS, PATH, Upload
from btcforecast.core import Series
from btcforecast.core.errors import InputError

router = APIRouter(tags=["market"])

_BODY = {
    "required": True,
    "description": "The file itself, CSV (also gzipped) or Parquet.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post(
    PATH,
    response_model=ImportedCandles,
    openapi_extra={"x-cost": 100, "requestBody": _BODY},
    description=(
        "Store the candles of a file: all good rows together, or none. Rows that are no candles are left out and named by line. "
        f"UPLOAD_MAX_BYTES and {MOST_ROWS:,} rows at most, one file at a time."
    ),
)
async def import_candles(
    request: Request,
    service: ServiceDep,
    caller: MarketWriter,
    *,
    name: Annotated[
        str, Query(description="What the file is called, without a path: ….csv, ….csv.gz or ….parquet.", max_length=120)
    ],
    venue: Annotated[str, Query(description="Where the candles come from, such as kraken.", max_length=32)],
    symbol: Annotated[str, Query(description="Base and quote, such as BTC/USD.", max_length=33)],
    strict: Annotated[bool, Query(description="Store nothing unless every row is good.")] = False,
) -> Response:
    """Store the candles of a file."""
    series = Series(venue, symbol)
    facts: dict[str, object] = {"venue": series.venue, "symbol": series.symbol}
    actor, result = actor_of(request, caller), "done"
    try:
        report = await service.uploads.take(request.stream(), Upload(name, series.venue, series.symbol, strict))
        facts |= {part: report[part] for part in ("n_new", "n_revised", "n_rejected")}
    except InputError:
        result = "refused"
        raise
    finally:
        async with service.database.transaction() as connection:
            await AuditLog(connection).record("candles.imported", actor=actor, at=service.clock.now(), result=result, facts=facts)
    return personal(ImportedCandles.model_validate(report))
