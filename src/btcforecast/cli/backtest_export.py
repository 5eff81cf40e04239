"""The files of a backtest: every forecast and outcome as Parquet, in pieces, so that a run that was stopped goes on; see docs/backtest.md."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from btcforecast.core import LEVELS, Candles, Floats, Horizon, Ints
from btcforecast.core.errors import InputError
from btcforecast.engine.backtest import Piece, Plan, Walked, log_returns, realised_prices
from btcforecast.engine.models.contract import N_STEPS
from btcforecast.engine.scoring import COVERAGES, Scores

FOLDERS: Final = ("forecasts", "scores", "path_scores", "paths", "pieces")
RUN_FILE: Final = "run.json"
_PATHS_AT_ONCE_BYTES: Final = 64 * 1024 * 1024
_INSTANT: Final = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one backtest. Every file appears whole or not at all."""

    root: Path

    def open(self, run: Mapping[str, Any], *, restart: bool) -> int:
        """Make ready for the run that `run` describes and return how many of its pieces an earlier one finished.

        Raises InputError when the folder holds something else; restart: discard what an earlier backtest left here.
        """
        found = self._earlier()
        if restart and found is not None:
            self.discard()
            found = None
        if found is not None and found != run:
            differing = ", ".join(sorted(key for key in {*found, *run} if found.get(key) != run.get(key)))
            raise InputError(
                f"{self.root} holds another backtest: it differs in {differing}. "
                "Choose another folder, or add --restart to discard what is there."
            )
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
            for left_over in (self.root / name).glob("*.part"):
                left_over.unlink()
        self.write_json(RUN_FILE, run)
        return len(list((self.root / "pieces").glob("*.json")))

    def _earlier(self) -> dict[str, Any] | None:
        if not self.root.exists() or not any(self.root.iterdir()):
            return None
        if not (self.root / RUN_FILE).is_file():
            raise InputError(f"{self.root} is not empty and holds no backtest. Choose a new folder.")
        found: dict[str, Any] = json.loads((self.root / RUN_FILE).read_text())
        return found

    def discard(self) -> None:
        """Delete the files of a backtest, and nothing else."""
        for name in FOLDERS:
            shutil.rmtree(self.root / name, ignore_errors=True)
        for pattern in ("*.parquet", RUN_FILE, "leaderboard.json"):
            for path in self.root.glob(pattern):
                path.unlink()

    def is_done(self, piece: Piece) -> bool:
        """Say whether all files of the piece are there."""
        return self._marker(piece).is_file()

    def seconds(self, pieces: Sequence[Piece]) -> dict[str, float]:
        """Return the seconds that each model took to fit and forecast."""
        total: dict[str, float] = {}
        for piece in pieces:
            took = json.loads(self._marker(piece).read_text())
            total[piece.model] = total.get(piece.model, 0.0) + took["fit_s"] + took["forecast_s"]
        return total

    def write_piece(self, plan: Plan, piece: Piece, walked: Walked, *, scores: Sequence[Scores]) -> None:
        """Write a piece's forecasts and scores; the marker that it is done comes last. scores: one for each horizon."""
        n, n_horizons = walked.quantiles.shape[:2]
        if n:
            model = pl.repeat(piece.model, n * n_horizons, eager=True).alias("model")
            as_of = instants(np.repeat(walked.as_of, n_horizons)).alias("as_of")
            horizon = pl.Series("horizon_s", np.tile(_seconds(plan.horizons), n), dtype=pl.Int32)
            quantiles = pl.Series(
                "quantiles", walked.quantiles.reshape(n * n_horizons, -1), dtype=pl.Array(pl.Float64, len(LEVELS))
            )
            trained = pl.repeat(walked.trained_until * 1_000_000, n * n_horizons, eager=True, dtype=pl.Int64).cast(_INSTANT)
            self._write("forecasts", piece, pl.DataFrame([model, as_of, horizon, trained.alias("trained_until"), quantiles]))
            self._write("scores", piece, pl.DataFrame([model, as_of, horizon, *_score_columns(scores)]))
        if walked.synth:
            parts = pl.DataFrame([asdict(score) | {"total": score.total} for score in walked.synth])
            head = pl.DataFrame([pl.repeat(piece.model, n, eager=True).alias("model"), instants(walked.as_of).alias("as_of")])
            self._write("path_scores", piece, pl.concat([head, parts], how="horizontal"))
        took = {"fit_s": walked.fit_s, "forecast_s": walked.forecast_s, "n_origins": n}
        self.write_json(str(self._marker(piece).relative_to(self.root)), took)

    def write_outcomes(self, plan: Plan, candles: Candles) -> None:
        """Write what happened: log returns to every horizon and, where paths were asked for, the prices along a day."""
        origins = plan.present(candles)
        n_horizons = len(plan.horizons)
        horizon_s = np.tile(_seconds(plan.horizons), len(origins))
        as_of = np.repeat(origins, n_horizons)
        spot = realised_prices(candles, origins, n_steps=0)[:, 0]
        frame = pl.DataFrame(
            [
                instants(as_of).alias("as_of"),
                pl.Series("horizon_s", horizon_s, dtype=pl.Int32),
                instants(as_of + horizon_s).alias("target_at"),
                pl.Series("spot", np.repeat(spot, n_horizons)),
                pl.Series("log_return", log_returns(candles, origins, plan.horizons).ravel(), nan_to_null=True),
            ]
        )
        self._replace(self.root / "outcomes.parquet", frame)
        if plan.n_paths:
            prices = realised_prices(candles, origins, n_steps=N_STEPS)
            frame = pl.DataFrame(
                [
                    instants(np.repeat(origins, N_STEPS + 1)).alias("as_of"),
                    pl.Series("step", np.tile(np.arange(N_STEPS + 1), len(origins)), dtype=pl.Int16),
                    pl.Series("price", prices.ravel(), nan_to_null=True),
                ]
            )
            self._replace(self.root / "path_outcomes.parquet", frame)

    def read_scores(self, piece: Piece, name: str) -> pl.DataFrame | None:
        """Return what was written for the piece in `scores` or `path_scores`; None where it had no origin."""
        path = self._path(name, piece)
        return pl.read_parquet(path) if path.is_file() else None

    def write_json(self, name: str, data: object) -> None:
        """Write one JSON file."""
        self._atomically(self.root / name, lambda part: part.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n"))

    def path_writer(self, piece: Piece) -> PathWriter:
        """Return what takes in the paths of a piece."""
        return PathWriter(self, piece)

    def write_paths(self, piece: Piece, number: int, frame: pl.DataFrame) -> None:
        """Write one of the piece's files of paths."""
        self._replace(self.root / "paths" / f"{_stem(piece)}-{number:04}.parquet", frame)

    def _marker(self, piece: Piece) -> Path:
        return self.root / "pieces" / f"{_stem(piece)}.json"

    def _path(self, name: str, piece: Piece) -> Path:
        return self.root / name / f"{_stem(piece)}.parquet"

    def _write(self, name: str, piece: Piece, frame: pl.DataFrame) -> None:
        self._replace(self._path(name, piece), frame)

    def _replace(self, path: Path, frame: pl.DataFrame) -> None:
        self._atomically(path, lambda part: frame.write_parquet(part, compression="zstd", compression_level=3))

    def _atomically(self, path: Path, write: Callable[[Path], Any]) -> None:
        part = path.with_name(path.name + ".part")
        write(part)
        part.replace(path)


@dataclass(slots=True)
class PathWriter:
    """Gathers the paths of a piece and writes them in files that fit into memory."""

    folder: Folder
    piece: Piece
    _waiting: list[tuple[int, NDArray[np.float32]]] = field(default_factory=list)
    _n_files: int = 0

    def __call__(self, as_of: int, prices: NDArray[np.float32]) -> None:
        """Take in the paths of one origin, shape (n_paths, n_points)."""
        self._waiting.append((as_of, prices))
        if len(self._waiting) * prices.nbytes >= _PATHS_AT_ONCE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if not self._waiting:
            return
        n_paths, n_points = self._waiting[0][1].shape
        n = len(self._waiting)
        frame = pl.DataFrame(
            [
                pl.repeat(self.piece.model, n * n_paths, eager=True).alias("model"),
                instants(np.repeat([as_of for as_of, _ in self._waiting], n_paths)).alias("as_of"),
                pl.Series("path", np.tile(np.arange(n_paths), n), dtype=pl.Int32),
                pl.Series(
                    "prices", np.concatenate([prices for _, prices in self._waiting]), dtype=pl.Array(pl.Float32, n_points)
                ),
            ]
        )
        self.folder.write_paths(self.piece, self._n_files, frame)
        self._n_files += 1
        self._waiting.clear()


def path_bytes(plan: Plan, candles: Candles) -> int:
    """Return about how many bytes the exported paths of a plan take: float32 prices hardly compress."""
    return len(plan.present(candles)) * len(plan.models) * plan.n_paths * (N_STEPS + 1) * 4


def instants(seconds: Ints) -> pl.Series:
    """Return Unix seconds as a column of UTC instants."""
    return pl.Series(np.asarray(seconds, np.int64) * 1_000_000, dtype=pl.Int64).cast(_INSTANT)


def _score_columns(scores: Sequence[Scores]) -> list[pl.Series]:
    """Return the scores as columns, rows ordered by origin and then horizon."""

    def column(name: str, pick: Callable[[Scores], Floats]) -> pl.Series:
        return pl.Series(name, np.column_stack([pick(score) for score in scores]).ravel(), nan_to_null=True)

    return [
        column("crps_bps", lambda score: score.crps_bps),
        column("log_score", lambda score: score.log_score),
        column("pit", lambda score: score.pit),
        *(column(f"covered_{percent}", partial(_covered, percent=percent)).cast(pl.Boolean) for percent in COVERAGES),
        *(column(f"interval_score_bps_{percent}", partial(_interval_score, percent=percent)) for percent in COVERAGES),
    ]


def _covered(score: Scores, *, percent: int) -> Floats:
    return score.covered[percent]


def _interval_score(score: Scores, *, percent: int) -> Floats:
    return score.interval_score_bps[percent]


def _seconds(horizons: Sequence[Horizon]) -> Ints:
    return np.array([horizon.seconds for horizon in horizons], np.int64)


def _stem(piece: Piece) -> str:
    return f"{re.sub(r'[^A-Za-z0-9_.]+', '-', piece.model)}-{piece.number:04}"
