"""Signs how the ledgers stand."""

from __future__ import annotations

from collections.abc import Sequence

from btcforecast.core import Clock, Origin
from btcforecast.forecasts.ledger.ledger import Ledger
from btcforecast.forecasts.ledger.signer import Signer
from btcforecast.store.database import Database
from btcforecast.store.ledger import CheckpointRow


async def sign_ledgers(
    database: Database, signer: Signer, *, clock: Clock, origins: Sequence[Origin] = tuple(Origin)
) -> dict[Origin, CheckpointRow]:
    """Sign each ledger that has grown since its last checkpoint; return the newest checkpoint of each that has any entry."""
    signed: dict[Origin, CheckpointRow] = {}
    async with database.transaction() as connection:
        for origin in origins:
            ledger = Ledger(connection, origin)
            if await ledger.size():
                signed[origin] = await ledger.checkpoint(signer, at=clock.now())
    return signed
