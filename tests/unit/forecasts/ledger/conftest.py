"""A small record with everything in it, and its export."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from btcforecast.core import LEVELS, Distribution, ManualClock, Origin, Series, to_rfc3339
from btcforecast.engine.scoring import score
from btcforecast.forecasts.ledger import Ledger, Signer
from btcforecast.forecasts.ledger.export import export_ledgers
from btcforecast.store.database import Database

T0 = 1_764_547_200  # 2025-12-01T00:00:00Z
SERIES = Series("kraken", "BTC/USD")
SPOT = 90_000.0
Entries = list[tuple[str, dict[str, Any]]]


def law(scale: float) -> Distribution:
    return Distribution(scale * np.log(LEVELS / (1 - LEVELS))).rounded()


def forecast_body(hour: int) -> dict[str, Any]:
    return {
        "forecast": f"f{hour:024d}",
        "venue": SERIES.venue,
        "symbol": SERIES.symbol,
        "as_of": to_rfc3339(T0 + 3600 * hour),
        "spot": SPOT,
        "quantiles": {"1h": law(0.002).quantiles.tolist(), "4h": law(0.004).quantiles.tolist()},
    }


def settlement_body(hour: int, *, entry: int, close: float) -> dict[str, Any]:
    log_return = math.log(close / SPOT)
    found = score(law(0.002), log_return)
    return {
        "venue": SERIES.venue,
        "symbol": SERIES.symbol,
        "as_of": to_rfc3339(T0 + 3600 * hour),
        "horizon": "1h",
        "target_at": to_rfc3339(T0 + 3600 * (hour + 1)),
        "void_reason": None,
        "close": close,
        "log_return": log_return,
        "scores": [
            {
                "forecast": f"f{hour:024d}",
                "entry": entry,
                "crps_bps": found.crps_bps,
                "log_score": found.log_score,
                "pit": found.pit,
                "covered": {str(percent): bool(hit) for percent, hit in found.covered.items()},
                "interval_score_bps": {str(percent): value for percent, value in found.interval_score_bps.items()},
            }
        ],
    }


def hours() -> list[tuple[int, Entries]]:
    """Four hours of a service, as (instant, entries): forecasts, settlements, a missed cycle and a correction."""
    missed = {"venue": SERIES.venue, "symbol": SERIES.symbol, "as_of": to_rfc3339(T0 + 7200), "reason": "The service was down."}
    corrected = {**settlement_body(0, entry=0, close=90_500.0), "corrects": [1]}
    return [
        (T0 + 5, [("forecast", forecast_body(0))]),
        (T0 + 3605, [("settlement", settlement_body(0, entry=0, close=90_400.0)), ("forecast", forecast_body(1))]),
        (T0 + 7205, [("settlement", settlement_body(1, entry=2, close=89_900.0)), ("missed_cycle", missed)]),
        (T0 + 10805, [("correction", corrected), ("forecast", forecast_body(3))]),
    ]


async def fill(database: Database, signer: Signer, origin: Origin = Origin.LIVE) -> None:
    """Append the hours, with a checkpoint after each."""
    for at, entries in hours():
        async with database.transaction() as connection:
            ledger = Ledger(connection, origin)
            await ledger.append_many(entries, at=at)
            await ledger.checkpoint(signer, at=at + 5)


async def _write_record(folder: Path, address: str) -> Signer:
    signer = Signer.generate()
    database = Database(address)
    await database.migrate()
    try:
        for origin in Origin:
            await fill(database, signer, origin)
        await export_ledgers(database, folder, origins=list(Origin), signer=signer, clock=ManualClock(T0 + 20_000))
    finally:
        await database.close()
    return signer


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Signer]:
    """An exported record, not to be changed, and who signed it."""
    folder = tmp_path_factory.mktemp("record")
    return folder, asyncio.run(_write_record(folder, f"sqlite:///{tmp_path_factory.mktemp('store')}/test.db"))
