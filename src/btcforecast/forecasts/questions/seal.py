"""What every model of a cycle says to the fixed questions, as the ledger gets it together with the forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Floats, Forecast, Horizon, to_rfc3339
from btcforecast.engine.questions import PathSet, build_path_set, touch_many
from btcforecast.forecasts.issue import Issued
from btcforecast.forecasts.questions import fixed
from btcforecast.store.forecasts import series_fields
from btcforecast.store.questions import QuestionStore, SealedQuestions


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The questions of one cycle. probabilities: by horizon, shape (n_models, n_questions)."""

    issued: Issued
    has_touch: bool
    forecasts: tuple[Forecast, ...]
    probabilities: Mapping[Horizon, Floats]

    def body(self) -> dict[str, Any]:
        """Return the body of the `questions` entry."""
        issued = self.issued
        return {
            **series_fields(issued.series),
            "set": fixed.NUMBER,
            "as_of": to_rfc3339(issued.as_of),
            "spot": issued.champion.spot,
            "models": [self._model(forecast) for forecast in self.forecasts],
            "probabilities": {str(horizon): found.tolist() for horizon, found in self.probabilities.items()},
        }

    def _model(self, forecast: Forecast) -> dict[str, Any]:
        fields: dict[str, Any] = {"forecast": forecast.id, "model": forecast.model}
        return {**fields, "touch_from": "paths" if _has_paths(self.issued, forecast) else "law"} if self.has_touch else fields

    async def record(self, connection: AsyncConnection, *, series_id: int, ledger_seq: int) -> None:
        """Keep the questions for the day on which they are answered."""
        rows = [
            SealedQuestions(
                series=self.issued.series,
                as_of=self.issued.as_of,
                horizon=horizon,
                spot=self.issued.champion.spot,
                has_touch=self.has_touch,
                models=tuple(forecast.model for forecast in self.forecasts),
                probabilities=found,
                ledger_seq=ledger_seq,
            )
            for horizon, found in self.probabilities.items()
        ]
        await QuestionStore(connection).add(rows, origin=self.issued.origin, series_id=series_id)


def ask(issued: Issued) -> Asked | None:
    """Return what the cycle's models say to the fixed questions, or None where they have none of its horizons."""
    forecasts = tuple(forecast for forecast, _ in issued.forecasts)
    horizons = [horizon for horizon in fixed.DISTANCES_PERCENT if all(horizon in made.distributions for made in forecasts)]
    if not horizons:
        return None
    has_touch = fixed.asks_touch(issued.as_of)
    paths: Mapping[str, PathSet] = {}
    if has_touch and issued.paths is not None:
        made = issued.paths.forecast
        paths = {made.id: build_path_set(made.distributions, issued.paths.returns, seed=made.seed)}
    probabilities = {horizon: _all(forecasts, horizon, paths, has_touch=has_touch) for horizon in horizons}
    return Asked(issued, has_touch, forecasts, probabilities)


def _all(forecasts: Sequence[Forecast], horizon: Horizon, paths: Mapping[str, PathSet], *, has_touch: bool) -> Floats:
    rows = []
    for forecast in forecasts:
        law = forecast.distributions[horizon]
        found = fixed.law_probabilities(law, horizon)
        if has_touch:
            found = np.concatenate((found, _touched(forecast, horizon, paths.get(forecast.id))))
        rows.append(found)
    return np.vstack(rows)


def _touched(forecast: Forecast, horizon: Horizon, paths: PathSet | None) -> Floats:
    if paths is None or paths.reach_s < horizon.seconds:
        return fixed.reflected_touch(forecast.distributions[horizon], horizon)
    return fixed.touched(touch_many(paths, fixed.log_levels(horizon), horizon))


def _has_paths(issued: Issued, forecast: Forecast) -> bool:
    return issued.paths is not None and issued.paths.forecast.id == forecast.id
