"""Keeps the service's own keys up to date: `btcforecast keys rotate` is felt by a running process within a minute."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from btcforecast.accounts.identity import Identity
from btcforecast.core import Clock

_EVERY_S: Final = 60
_AGAIN_S: Final = 5
log: Final = structlog.get_logger()


class KeyReader:
    """Reads the keys at start and again from time to time."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity: Final = identity
        self._clock: Final = clock

    async def run(self) -> None:
        """Read until cancelled; sooner again where the database did not answer."""
        has_read = True
        while True:
            await asyncio.sleep(_EVERY_S if has_read else _AGAIN_S)
            has_read = await self.read_safely()

    async def read_safely(self) -> bool:
        """Read the keys; False where the database does not answer, so that log-ins have to wait."""
        try:
            await self._identity.vault.load(self._identity.database, at=self._clock.now())
        except (SQLAlchemyError, OSError) as e:
            log.warning("api.keys_not_read", error=type(e).__name__)
            return False
        return True
