"""A stored ledger is verified where it lies."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sqlalchemy import delete, update

from btcforecast.core import Origin, Series, to_rfc3339
from btcforecast.forecasts.ledger import Ledger, Signer
from btcforecast.forecasts.ledger.report import Report
from btcforecast.forecasts.ledger.stored import verify_stored
from btcforecast.store.database import Database
from btcforecast.store.tables import ledger_entries, ledger_nodes

SIGNER = Signer.generate()
AT = 1_764_547_200
SERIES = Series("kraken", "BTC/USD")


def missed(hour: int) -> tuple[str, dict[str, Any]]:
    as_of = to_rfc3339(AT + 3600 * hour)
    return "missed_cycle", {"venue": SERIES.venue, "symbol": SERIES.symbol, "as_of": as_of, "reason": "Down."}


@pytest.fixture
async def filled(database: Database) -> Database:
    """A database with six signed live entries and one that is not signed yet."""
    async with database.transaction() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        await ledger.append_many([missed(hour) for hour in range(6)], at=AT)
        await ledger.checkpoint(SIGNER, at=AT)
        await ledger.append(*missed(6), at=AT + 60)
    return database


async def verify(database: Database, signer: Signer = SIGNER) -> Report:
    return await verify_stored(database, origins=list(Origin), public_key=signer.verifier_key("x").public_key)


async def test_a_stored_ledger_is_sound(filled: Database):
    report = await verify(filled)

    assert report.faults == []
    assert [(found.ledger, found.n_entries, found.n_signed) for found in report.ledgers] == [("live", 7, 6)]


async def test_an_empty_database_is_sound(database: Database):
    assert (await verify(database)).is_sound


@pytest.mark.parametrize("seq", [0, 3, 6])
async def test_a_changed_entry_is_named(filled: Database, seq: int):
    async with filled.transaction() as connection:
        body = (await Ledger(connection, Origin.LIVE).entry(seq)).text.decode()
        place = (ledger_entries.c.ledger == "live") & (ledger_entries.c.seq == seq)
        await connection.execute(update(ledger_entries).where(place).values(body=body.replace("Down.", "Done.")))

    assert (await verify(filled)).faults[0].seq == seq


async def test_a_deleted_entry_is_named(filled: Database):
    async with filled.transaction() as connection:
        await connection.execute(delete(ledger_entries).where(ledger_entries.c.seq == 2))

    assert (await verify(filled)).faults[0].seq == 2


async def test_entries_cut_off_at_the_end_are_missed(filled: Database):
    async with filled.transaction() as connection:
        await connection.execute(delete(ledger_entries).where(ledger_entries.c.seq >= 4))

    fault = (await verify(filled)).faults[0]
    assert (fault.seq, "6 entries were signed and 4 are here" in fault.what) == (4, True)


@pytest.mark.parametrize("level", [1, 2])
async def test_a_wrong_node_of_the_tree_is_found(filled: Database, level: int):
    async with filled.transaction() as connection:
        await connection.execute(update(ledger_nodes).where(ledger_nodes.c.level == level).values(hash=bytes(32)))

    assert f"wrong at level {level}" in (await verify(filled)).faults[0].what


async def test_a_wrong_stored_hash_is_found(filled: Database):
    async with filled.transaction() as connection:
        await connection.execute(update(ledger_entries).where(ledger_entries.c.seq == 6).values(entry_hash=bytes(32)))

    assert (await verify(filled)).faults[0].seq == 6


async def test_checkpoints_of_another_key_are_found(filled: Database):
    assert (await verify(filled, Signer.generate())).faults[0].where == "live, checkpoint 0"


async def test_a_correction_is_checked_against_the_forecast_that_it_recalls(database: Database):
    from btcforecast.core import LEVELS, Distribution
    from btcforecast.engine.scoring import score

    law = Distribution(LEVELS - 0.5)
    forecast = {
        "forecast": "f1",
        "venue": SERIES.venue,
        "symbol": SERIES.symbol,
        "as_of": to_rfc3339(AT),
        "spot": 100.0,
        "quantiles": {"1h": law.quantiles.tolist()},
    }

    def settlement(close: float, **more: object) -> dict[str, Any]:
        log_return = math.log(close / 100.0)
        found = score(law, log_return)
        scores = {
            "forecast": "f1",
            "entry": 0,
            "crps_bps": found.crps_bps,
            "log_score": found.log_score,
            "pit": found.pit,
            "covered": {str(percent): bool(hit) for percent, hit in found.covered.items()},
            "interval_score_bps": {str(percent): value for percent, value in found.interval_score_bps.items()},
        }
        fields = {name: forecast[name] for name in ("venue", "symbol", "as_of")}
        outcome = {
            "horizon": "1h",
            "target_at": to_rfc3339(AT + 3600),
            "close": close,
            "log_return": log_return,
            "void_reason": None,
        }
        return {**fields, **outcome, "scores": [scores], **more}

    async with database.transaction() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        await ledger.append("forecast", forecast, at=AT + 5)
        await ledger.append("settlement", settlement(101.0), at=AT + 3700)
        await ledger.append("correction", settlement(102.0, corrects=[1]), at=AT + 9000)

    report = await verify(database)
    assert report.faults == []
    assert report.ledgers[0].n_scores == 2
