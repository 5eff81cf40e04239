"""Track records, computed once for each state of the ledger and kept in memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from btcforecast.core import Clock, Origin, Series
from btcforecast.store.database import Database
from btcforecast.store.ledger import LedgerStore

_KEPT: Final = 4
_LIVE_FOR_S: Final = 600
"""Windows of a live record end now, so it moves even when nothing is settled."""


Record = TypeVar("Record")
Made_co = TypeVar("Made_co", covariant=True)


class Compute(Protocol[Made_co]):
    """What makes a record from the store as it stands."""

    def __call__(self, database: Database, series: Series, /, *, origin: Origin, clock: Clock) -> Awaitable[Made_co]:
        """Return the record."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Record]):
    n_entries: int
    computed_at: int
    record: Record


class Records(Generic[Record]):
    """The newest record of each series and origin."""

    def __init__(self, database: Database, clock: Clock, compute: Compute[Record]) -> None:
        self._database = database
        self._clock = clock
        self._compute = compute
        self._kept: OrderedDict[tuple[Series, Origin], _Kept[Record]] = OrderedDict()
        # One at a time: computing takes seconds of a core, and whoever comes meanwhile wants the same.
        self._lock = asyncio.Lock()

    async def get(self, series: Series, origin: Origin) -> Record:
        """Return the record as the ledger stands: every settlement is an entry, so an unchanged size means an unchanged record."""
        async with self._database.read() as connection:
            n_entries = await LedgerStore(connection, str(origin)).size()
        async with self._lock:
            now, key = self._clock.now(), (series, origin)
            kept = self._kept.get(key)
            is_current = kept is not None and kept.n_entries >= n_entries
            if kept is not None and is_current and (origin is Origin.REPLAYED or now - kept.computed_at < _LIVE_FOR_S):
                return kept.record
            record = await self._compute(self._database, series, origin=origin, clock=self._clock)
            self._kept[key] = _Kept(n_entries, now, record)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return record
