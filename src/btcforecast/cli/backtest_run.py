"""Runs the pieces of a backtest, on one core or several, and gathers their scores."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from btcforecast import __version__, engine
from btcforecast.cli.backtest_export import Folder
from btcforecast.core import LEVELS, Candles, Floats, Horizon, to_rfc3339
from btcforecast.engine.backtest import Piece, Place, Plan, log_returns, rank_laws, rank_paths, walk
from btcforecast.engine.models.catalogue import load_model
from btcforecast.engine.scoring import COVERAGES, Scores, score_many

_FORMAT: Final = 1


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


def describe(plan: Plan, candles: Candles) -> dict[str, Any]:
    """Return everything that decides the result; a folder whose description differs belongs to another run."""
    return {
        "format": _FORMAT,
        "version": __version__,
        "from": to_rfc3339(plan.first_at),
        "to": to_rfc3339(plan.end_at),
        "every_s": plan.every_s,
        "models": {name: _code_digest(name) for name in plan.models},
        "horizons": [str(horizon) for horizon in plan.horizons],
        "refit_every_s": plan.refit_every_s,
        "train_from": None if plan.train_from is None else to_rfc3339(plan.train_from),
        "train_until": None if plan.train_until is None else to_rfc3339(plan.train_until),
        "n_paths": plan.n_paths,
        "seed": plan.seed,
        "candles_sha256": candles.digest(),
        "levels": LEVELS.tolist(),
    }


def run_pieces(
    plan: Plan, candles: Candles, folder: Folder, *, with_export: bool, jobs: int, on_progress: Callable[[int], None]
) -> None:
    """Do every piece that is not done yet. on_progress: told how many more forecasts are made."""
    open_pieces = [piece for piece in plan.pieces() if not folder.is_done(piece)]
    if jobs == 1:
        for piece in open_pieces:
            run_piece(plan, piece, candles, folder.root, with_export=with_export, on_progress=on_progress)
        return
    import joblib

    work = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    tasks = (joblib.delayed(run_piece)(plan, piece, candles, folder.root, with_export=with_export) for piece in open_pieces)
    for n_done in work(tasks):
        on_progress(n_done)


def run_piece(
    plan: Plan,
    piece: Piece,
    candles: Candles,
    root: Path,
    *,
    with_export: bool,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Do one piece, write its files and return how many forecasts it made."""
    folder = Folder(root)
    writer = folder.path_writer(piece) if with_export and plan.n_paths else None
    walked = walk(plan, piece, candles, model_class=load_model(piece.model), on_paths=writer, on_progress=on_progress)
    if writer is not None:
        writer.flush()
    outcomes = log_returns(candles, walked.as_of, plan.horizons)
    scores = [score_many(walked.quantiles[:, j], outcomes[:, j]) for j in range(len(plan.horizons))]
    folder.write_piece(plan, piece, walked, scores=scores)
    return len(walked.as_of)


def rank(plan: Plan, candles: Candles, folder: Folder, *, baselines: tuple[str, ...]) -> Leaderboard:
    """Return the leaderboard of a backtest whose pieces are all done."""
    laws = {
        horizon: rank_laws(
            {model: _scores(plan, folder, model, horizon) for model in plan.models},
            baselines=baselines,
            every_s=plan.every_s,
            horizon_s=horizon.seconds,
        )
        for horizon in plan.horizons
    }
    paths: tuple[Place, ...] = ()
    if plan.n_paths:
        totals = {model: _path_totals(plan, folder, model) for model in plan.models}
        paths = rank_paths(totals, baselines=baselines, every_s=plan.every_s)
    n_present = len(plan.present(candles))
    return Leaderboard(laws, paths, folder.seconds(list(plan.pieces())), n_present, len(plan.origins) - n_present)


def _scores(plan: Plan, folder: Folder, model: str, horizon: Horizon) -> Scores:
    import polars as pl

    frame = _read(plan, folder, model, "scores").filter(pl.col("horizon_s") == horizon.seconds)

    def column(name: str) -> Floats:
        return np.asarray(frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy())

    return Scores(
        crps_bps=column("crps_bps"),
        log_score=column("log_score"),
        pit=column("pit"),
        covered={percent: column(f"covered_{percent}") for percent in COVERAGES},
        interval_score_bps={percent: column(f"interval_score_bps_{percent}") for percent in COVERAGES},
    )


def _path_totals(plan: Plan, folder: Folder, model: str) -> Floats:
    import polars as pl

    frame = _read(plan, folder, model, "path_scores")
    # A day that lacks a candle has fewer terms in its sum; it would weigh less than the others.
    whole = pl.col("n_increments") == pl.col("n_increments").max()
    return np.asarray(frame.select(pl.when(whole).then(pl.col("total")).otherwise(np.nan)).to_series().to_numpy())


def _read(plan: Plan, folder: Folder, model: str, name: str) -> Any:
    import polars as pl

    parts = [folder.read_scores(piece, name) for piece in plan.pieces() if piece.model == model]
    return pl.concat([part for part in parts if part is not None])


def _code_digest(name: str) -> str:
    """Return a digest of the engine's source and the model's own, so that a changed model does not go on where its older self stopped."""
    sha = hashlib.sha256(name.encode())
    for path in sorted(Path(engine.__path__[0]).rglob("*.py")):
        sha.update(path.read_bytes())
    model = load_model(name)
    sha.update(inspect.getsource(inspect.getmodule(model) or model).encode())
    return sha.hexdigest()[:16]
