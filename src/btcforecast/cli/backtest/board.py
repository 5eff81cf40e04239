"""Gathers the scores of a backtest into its leaderboard."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from btcforecast.cli.backtest.folder import Folder
from btcforecast.core import Candles, Floats, Horizon
from btcforecast.engine.backtest import Place, Plan, rank_laws, rank_paths
from btcforecast.engine.scoring import COVERAGES, Scores


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The models' places at every horizon, those of their paths, and the seconds that each took to fit and forecast."""

    laws: dict[Horizon, tuple[Place, ...]]
    paths: tuple[Place, ...]
    seconds: dict[str, float]
    n_origins: int
    n_skipped: int

    def to_json(self) -> dict[str, Any]:
        """Return the leaderboard as plain data."""
        return {
            "n_origins": self.n_origins,
            "n_skipped": self.n_skipped,
            "horizons": {str(horizon): [asdict(place) for place in places] for horizon, places in self.laws.items()},
            "paths": [asdict(place) for place in self.paths],
            "seconds": self.seconds,
        }


def rank(plan: Plan, candles: Candles, folder: Folder, *, baselines: tuple[str, ...]) -> Leaderboard:
    """Return the leaderboard of a backtest whose pieces are all done."""
    columns = {model: scores_of(plan, folder, model) for model in plan.models}
    laws = {
        horizon: rank_laws(
            {model: by_horizon[horizon] for model, by_horizon in columns.items()},
            baselines=baselines,
            every_s=plan.every_s,
            horizon_s=horizon.seconds,
        )
        for horizon in plan.horizons
    }
    paths: tuple[Place, ...] = ()
    if plan.n_paths:
        totals = {model: path_totals(plan, folder, model) for model in plan.models}
        paths = rank_paths(totals, baselines=baselines, every_s=plan.every_s)
    n_present = len(plan.present(candles))
    return Leaderboard(laws, paths, folder.seconds(list(plan.pieces())), n_present, len(plan.origins) - n_present)


def scores_of(plan: Plan, folder: Folder, model: str) -> dict[Horizon, Scores]:
    """Return a model's scores at each horizon, one row for each origin, in order of time."""
    frame = _read(plan, folder, model, "scores")

    def column(name: str, part: pl.DataFrame) -> Floats:
        return np.asarray(part[name].cast(pl.Float64).fill_null(np.nan).to_numpy())

    found = {}
    for horizon in plan.horizons:
        part = frame.filter(pl.col("horizon_s") == horizon.seconds)
        found[horizon] = Scores(
            crps_bps=column("crps_bps", part),
            log_score=column("log_score", part),
            pit=column("pit", part),
            covered={percent: column(f"covered_{percent}", part) for percent in COVERAGES},
            interval_score_bps={percent: column(f"interval_score_bps_{percent}", part) for percent in COVERAGES},
        )
    return found


def path_totals(plan: Plan, folder: Folder, model: str) -> Floats:
    """Return a model's Synth scores, one for each origin in order of time, NaN where the day lacks a candle."""
    frame = _read(plan, folder, model, "path_scores")
    # A day that lacks a candle has fewer terms in its sum; it would weigh less than the others.
    whole = pl.col("n_increments") == pl.col("n_increments").max()
    return np.asarray(frame.select(pl.when(whole).then(pl.col("total")).otherwise(np.nan)).to_series().to_numpy())


def _read(plan: Plan, folder: Folder, model: str, name: str) -> pl.DataFrame:
    return folder.read(name, (piece for piece in plan.pieces() if piece.model == model))
