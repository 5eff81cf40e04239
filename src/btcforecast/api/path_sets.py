"""Paths made ready for questions, kept between requests."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from btcforecast.core import Forecast
from btcforecast.core.errors import UnavailableError
from btcforecast.engine.questions import PathSet, build_path_set
from btcforecast.store.database import Database
from btcforecast.store.forecasts import ForecastStore

_KEPT: Final = 2
"""Three megabytes each; questions are asked of the newest forecast, and for a moment still of the one before it."""


class PathSets:
    """The path sets of the forecasts that were asked about last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[str, PathSet] = OrderedDict()
        # One at a time: whoever comes while one is made wants the same.
        self._lock = asyncio.Lock()

    async def get(self, forecast: Forecast) -> PathSet:
        """Return the forecast's path set; raises UnavailableError when its paths are no longer kept."""
        async with self._lock:
            kept = self._kept.get(forecast.id)
            if kept is not None:
                return kept
            async with self._database.read() as connection:
                paths = await ForecastStore(connection).paths_of(forecast.id)
            if paths is None:
                raise UnavailableError(f"The simulated paths of {forecast.id} are not kept, so this cannot be answered now.")
            made = await asyncio.to_thread(build_path_set, forecast.distributions, paths.returns, seed=forecast.seed)
            self._kept[forecast.id] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return made
