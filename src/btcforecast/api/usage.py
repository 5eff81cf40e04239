"""Counts what people ask, in memory, and writes it down twice a minute."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from btcforecast.core import Clock
from btcforecast.store.database import Database
from btcforecast.store.usage import Spender, UsageStore

_WRITTEN_EVERY_S: Final = 30
_DAY: Final = 86400
log: Final = structlog.get_logger()


class Usage:
    """What has been asked since it was last written down; a process that is killed loses at most half a minute of it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database: Final = database
        self._clock: Final = clock
        # By person, day and key.
        self._spent: dict[tuple[str, int, str], list[int]] = {}

    def note(self, person_id: str, key_id: str, cost: int) -> None:
        """Count a request. key_id: empty in a session."""
        self._add((person_id, self._clock.now() // _DAY * _DAY, key_id), 1, cost)

    async def run(self) -> None:
        """Write down what has been counted, twice a minute, until cancelled."""
        while True:
            await asyncio.sleep(_WRITTEN_EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write down what has been counted; where the database does not answer it is tried again later."""
        if not self._spent:
            return
        spent, self._spent = self._spent, {}
        try:
            async with self._database.transaction() as connection:
                await UsageStore(connection).add({Spender(*spender): (n, cost) for spender, (n, cost) in spent.items()})
        except (SQLAlchemyError, OSError) as e:
            log.warning("api.usage_not_written", n=len(spent), error=type(e).__name__)
            for spender, (n, cost) in spent.items():
                self._add(spender, n, cost)

    def _add(self, spender: tuple[str, int, str], n_requests: int, cost: int) -> None:
        spent = self._spent.get(spender)
        if spent is None:
            self._spent[spender] = [n_requests, cost]
        else:
            spent[0] += n_requests
            spent[1] += cost
