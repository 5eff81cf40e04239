"""A store as a worker leaves it: candles, sealed and settled forecasts, a signed ledger, prices; for tests and benchmarks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from btcforecast.core import HORIZONS, LEVELS, Candles, Distribution, Forecast, ManualClock, Origin, Series
from btcforecast.forecasts.issue import Issued
from btcforecast.forecasts.ledger import Ledger, Signer
from btcforecast.forecasts.paths import Paths
from btcforecast.forecasts.seal import Schedule, record_missed, seal
from btcforecast.forecasts.settle import settle
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import Role
from btcforecast.store.model_versions import ModelVersionRow, ModelVersionStore
from btcforecast.store.venues import VenueState, VenueStates
from btcforecast.store.workers import Heartbeats

SERIES = Series("simulated", "BTC/USD")
OTHER = Series("kraken", "BTC/EUR")
START = 1_764_547_200  # 2025-12-01T00:00:00Z
DAYS = 4
NOW = START + DAYS * 86400 + 90
STEP_BPS = 12.0
SCHEDULE = Schedule(every_s=3600, grace_s=600)
CARD = {
    "data": {"n_candles": 100_000, "missing_percent": 0.5, "n_events": 3},
    "warnings": ["The history is short."],
    "limits": ["It knows no direction."],
    "not_for": ["Choosing a direction."],
    "held_out": {
        "scored_from": "2025-11-01T00:00:00Z",
        "scored_until": "2025-12-01T00:00:00Z",
        "horizons": [{"horizon": "1h", "n": 720, "crps_bps": 22.5, "coverage": {"50": 50.1}}],
    },
}
MANIFEST = f"btcforecast/models\n{json.dumps({'card': CARD})}\n\n— sig\n"
SCALES = {"day_paths": 1.0, "random_walk": 1.3, "ewma": 1.1, "garch": 0.9}
N_CYCLES = 10


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the store holds that tests ask about."""

    latest: str
    oldest: str
    spot: float
    settled: str


def candles(start: int = START, *, days: int = DAYS) -> Candles:
    """Return a random walk of so many days."""
    n = days * 288
    rng = np.random.default_rng(7)
    steps = rng.normal(0, STEP_BPS / 1e4, n)
    close = np.round(90_000 * np.exp(np.cumsum(steps)), 2)
    opened = np.r_[90_000.0, close[:-1]]
    wick = np.round(np.abs(rng.normal(0, 20, (2, n))), 2)
    high, low = np.maximum(opened, close) + wick[0], np.minimum(opened, close) - wick[1]
    return Candles(start + 300 * np.arange(n), opened, high, low, close, np.round(rng.uniform(1, 9, n), 3))


def law(horizon_s: int, scale: float) -> Distribution:
    """Return a logistic law whose spread grows with the square root of time."""
    spread = scale * STEP_BPS / 1e4 * np.sqrt(horizon_s / 300) * np.sqrt(3) / np.pi
    return Distribution(spread * np.log(LEVELS / (1 - LEVELS))).rounded()


def cycle(history: Candles, as_of: int, origin: Origin, *, n_paths: int = 0) -> Issued:
    """Return what every model says at that instant."""
    spot = history.close_at(as_of)
    assert spot is not None
    made = tuple(
        (
            Forecast(
                series=SERIES,
                model=model,
                model_version=f"{model}@20251130T000000Z-00000001",
                as_of=as_of,
                spot=spot,
                distributions={horizon: law(horizon.seconds, scale) for horizon in HORIZONS},
                seed=as_of,
                data_digest="0" * 64,
                origin=origin,
            ),
            Role.CHAMPION if model == "day_paths" else Role.BASELINE,
        )
        for model, scale in SCALES.items()
    )
    if n_paths == 0:
        return Issued(SERIES, as_of, origin, as_of + 5, made, (), None)
    rng = np.random.default_rng(as_of)
    steps = rng.normal(0, STEP_BPS / 1e4, (n_paths, 288))
    returns = np.c_[np.zeros(n_paths), np.cumsum(steps, axis=1)].astype(np.float32)
    return Issued(SERIES, as_of, origin, as_of + 5, made, (), Paths(made[0][0], returns))


async def seed(database: Database, signer: Signer, *, now: int = NOW, n_replayed: int = 6) -> Seeded:
    """Fill the migrated store as it would stand at `now`, 90 seconds after a full hour."""
    start = now - 90 - DAYS * 86400
    history = candles(start)
    async with database.transaction() as connection:
        store = CandleStore(connection)
        await store.write(SERIES, history, recorded_at=now)
        await store.write(OTHER, candles(start, days=1), recorded_at=now)
    newest = history.as_of - history.as_of % 3600
    instants = [newest - 3600 * i for i in reversed(range(N_CYCLES))]
    ids: list[str] = []
    for as_of in instants:
        if as_of == instants[3]:
            continue
        issued = cycle(history, as_of, Origin.LIVE, n_paths=1000 if as_of == newest else 0)
        await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(as_of + 8))
        ids.append(issued.champion.id)
    await record_missed(database, SERIES, schedule=SCHEDULE, clock=ManualClock(instants[5] + 900))
    for i in range(n_replayed):
        as_of = start + 3600 * i
        await seal(database, cycle(history, as_of + 3600, Origin.REPLAYED), schedule=SCHEDULE, clock=ManualClock(as_of + 3608))
    for origin in Origin:
        await settle(database, clock=ManualClock(now), origin=origin)
        async with database.transaction() as connection:
            await Ledger(connection, origin).checkpoint(signer, at=now - 30)
    async with database.transaction() as connection:
        series_id = await CandleStore(connection).series_id(SERIES)
        await Heartbeats(connection).beat(
            "one", version="0.1.0", series_id=series_id, activity="waiting for 01:00", started_at=start, at=now - 5
        )
        await VenueStates(connection).save(
            VenueState("simulated", "closed", latency_ms=1.5, last_success_at=now - 20, updated_at=now - 20)
        )
        await VenueStates(connection).save(
            VenueState("kraken", "open", last_error_at=now - 9, last_error="HTTP 503", retry_at=now + 60, updated_at=now - 9)
        )
        for model in SCALES:
            row = ModelVersionRow(
                f"{model}@20251130T000000Z-00000001",
                model,
                SERIES,
                start - 86400,
                now - 86400,
                now - 86000,
                MANIFEST,
            )
            await ModelVersionStore(connection).add(row)
        await Feed(connection).set_price(SERIES, 90_123.45, traded_at_ms=1000 * (now - 2), via="simulated")
    return Seeded(latest=ids[-1], oldest=ids[0], spot=float(history.close[-1]), settled=ids[0])


def make_signer(folder: Path) -> Signer:
    """Return a signer whose key lies in the folder."""
    return Signer.load_or_create(folder / "signing.key")
