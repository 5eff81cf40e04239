"""What a backtest writes, as the bytes of Parquet files; docs/backtest.md says what each column is.

Files are made in memory, wherever the work is done, and are kept by whoever asked for it: a worker of a cluster shares no disk with us.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from btcforecast.core import LEVELS, Candles, Floats, Horizon, Ints
from btcforecast.engine.backtest import (
    PATH_LEADS,
    Piece,
    Plan,
    Walked,
    log_returns,
    past_day_volatility,
    realised_prices,
    realised_variances,
    terciles,
)
from btcforecast.engine.models.contract import N_STEPS
from btcforecast.engine.scoring import COVERAGES, Scores

Keep = Callable[[str, bytes], None]
"""Takes in one file: its path below the backtest's folder, and what is in it."""

_PATHS_AT_ONCE_BYTES: Final = 64 * 1024 * 1024
_INSTANT: Final = pl.Datetime("us", "UTC")


def keep_piece(plan: Plan, piece: Piece, walked: Walked, *, scores: Sequence[Scores], keep: Keep) -> None:
    """Hand over a piece's forecasts and scores; the marker that it is done comes last. scores: one for each horizon."""
    n, n_horizons = walked.quantiles.shape[:2]
    if n:
        model = pl.repeat(piece.model, n * n_horizons, eager=True).alias("model")
        as_of = instants(np.repeat(walked.as_of, n_horizons)).alias("as_of")
        horizon = pl.Series("horizon_s", np.tile(_seconds(plan.horizons), n), dtype=pl.Int32)
        rows = walked.quantiles.reshape(n * n_horizons, -1)
        quantiles = pl.Series("quantiles", rows, dtype=pl.Array(pl.Float64, len(LEVELS)))
        trained = pl.repeat(walked.trained_until * 1_000_000, n * n_horizons, eager=True, dtype=pl.Int64).cast(_INSTANT)
        variance = pl.Series("variance", walked.variances.ravel())
        forecasts = [model, as_of, horizon, trained.alias("trained_until"), variance, quantiles]
        keep(file_of("forecasts", piece), parquet(pl.DataFrame(forecasts)))
        keep(file_of("scores", piece), parquet(pl.DataFrame([model, as_of, horizon, *_score_columns(scores)])))
    if walked.synth:
        parts = pl.DataFrame([asdict(score) | {"total": score.total} for score in walked.synth])
        pits = [pl.Series(f"pit_{lead * 5}m", walked.path_pits[:, i], nan_to_null=True) for i, lead in enumerate(PATH_LEADS)]
        head = pl.DataFrame([pl.repeat(piece.model, n, eager=True).alias("model"), instants(walked.as_of).alias("as_of")])
        keep(file_of("path_scores", piece), parquet(pl.concat([head, parts, pl.DataFrame(pits)], how="horizontal")))
    took = {"fit_s": walked.fit_s, "forecast_s": walked.forecast_s, "n_origins": n}
    keep(marker_of(piece), json_bytes(took))


def keep_outcomes(plan: Plan, candles: Candles, keep: Keep) -> None:
    """Hand over what was at the origins and what happened after: log returns to every horizon and, with paths, the prices along a day."""
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
            pl.Series("realised_variance", realised_variances(candles, origins, plan.horizons).ravel(), nan_to_null=True),
        ]
    )
    keep("outcomes.parquet", parquet(frame))
    third = pl.Series("volatility_tercile", terciles(candles, origins), nan_to_null=True).cast(pl.Int8)
    past = pl.Series("volatility", past_day_volatility(candles, origins), nan_to_null=True)
    keep("origins.parquet", parquet(pl.DataFrame([instants(origins).alias("as_of"), pl.Series("spot", spot), past, third])))
    if plan.n_paths:
        prices = realised_prices(candles, origins, n_steps=N_STEPS)
        frame = pl.DataFrame(
            [
                instants(np.repeat(origins, N_STEPS + 1)).alias("as_of"),
                pl.Series("step", np.tile(np.arange(N_STEPS + 1), len(origins)), dtype=pl.Int16),
                pl.Series("price", prices.ravel(), nan_to_null=True),
            ]
        )
        keep("path_outcomes.parquet", parquet(frame))


@dataclass(slots=True)
class PathWriter:
    """Gathers the paths of a piece and hands them over in files that fit into memory."""

    piece: Piece
    keep: Keep
    _waiting: list[tuple[int, NDArray[np.float32]]] = field(default_factory=list)
    _n_files: int = 0

    def __call__(self, as_of: int, prices: NDArray[np.float32]) -> None:
        """Take in the paths of one origin, shape (n_paths, n_points)."""
        self._waiting.append((as_of, prices))
        if len(self._waiting) * prices.nbytes >= _PATHS_AT_ONCE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand over what is waiting."""
        if not self._waiting:
            return
        n_paths, n_points = self._waiting[0][1].shape
        n = len(self._waiting)
        every_price = np.concatenate([prices for _, prices in self._waiting])
        frame = pl.DataFrame(
            [
                pl.repeat(self.piece.model, n * n_paths, eager=True).alias("model"),
                instants(np.repeat([as_of for as_of, _ in self._waiting], n_paths)).alias("as_of"),
                pl.Series("path", np.tile(np.arange(n_paths), n), dtype=pl.Int32),
                pl.Series("prices", every_price, dtype=pl.Array(pl.Float32, n_points)),
            ]
        )
        self.keep(f"paths/{_stem(self.piece)}-{self._n_files:04}.parquet", parquet(frame))
        self._n_files += 1
        self._waiting.clear()


def path_bytes(plan: Plan, candles: Candles) -> int:
    """Return about how many bytes the exported paths of a plan take: float32 prices hardly compress."""
    return len(plan.present(candles)) * len(plan.models) * plan.n_paths * (N_STEPS + 1) * 4


def file_of(name: str, piece: Piece) -> str:
    """Return the path, below the folder, of a piece's own file."""
    return f"{name}/{_stem(piece)}.parquet"


def marker_of(piece: Piece) -> str:
    """Return the path, below the folder, of the file that says that a piece is done."""
    return f"pieces/{_stem(piece)}.json"


def json_bytes(data: object) -> bytes:
    """Return the data as a JSON file."""
    return (json.dumps(data, indent=2, allow_nan=False) + "\n").encode()


def parquet(frame: pl.DataFrame) -> bytes:
    """Return the table as a Parquet file."""
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd", compression_level=3)
    return file.getvalue()


def instants(seconds: Ints) -> pl.Series:
    """Return Unix seconds as a column of UTC instants."""
    return pl.Series(np.asarray(seconds, np.int64) * 1_000_000, dtype=pl.Int64).cast(_INSTANT)


def _score_columns(scores: Sequence[Scores]) -> list[pl.Series]:
    """Return the scores as columns, rows ordered by origin and then horizon."""

    def column(name: str, values: Sequence[Floats]) -> pl.Series:
        return pl.Series(name, np.column_stack(values).ravel(), nan_to_null=True)

    held = {percent: column(f"covered_{percent}", [score.covered[percent] for score in scores]) for percent in COVERAGES}
    return [
        column("crps_bps", [score.crps_bps for score in scores]),
        column("log_score", [score.log_score for score in scores]),
        column("pit", [score.pit for score in scores]),
        *(series.cast(pl.Boolean) for series in held.values()),
        *(
            column(f"interval_score_bps_{percent}", [score.interval_score_bps[percent] for score in scores])
            for percent in COVERAGES
        ),
    ]


def _seconds(horizons: Sequence[Horizon]) -> Ints:
    return np.array([horizon.seconds for horizon in horizons], np.int64)


def _stem(piece: Piece) -> str:
    return f"{re.sub(r'[^A-Za-z0-9_.]+', '-', piece.model)}-{piece.number:04}"
