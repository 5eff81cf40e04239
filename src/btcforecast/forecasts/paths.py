"""Simulated price paths of a forecast: kept for questions, served as a file."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import BASE, Forecast
from btcforecast.core.errors import UnavailableError
from btcforecast.engine.models.contract import Model


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Paths of one forecast. returns: float32, (n_paths, n_steps + 1), cumulative log returns, first column zero."""

    forecast: Forecast
    returns: NDArray[np.float32]

    def parquet(self) -> bytes:
        """Return the prices as a Parquet file with one row for each path and instant: path, at (UTC), price."""
        import polars as pl  # noqa: PLC0415  # web processes read figures through this package and must stay small

        n_paths, n_points = self.returns.shape
        at = (self.forecast.as_of + BASE.seconds * np.arange(n_points)) * 1000
        frame = pl.DataFrame(
            {
                "path": np.repeat(np.arange(n_paths, dtype=np.uint32), n_points),
                "at": np.tile(at, n_paths),
                "price": (self.forecast.spot * np.exp(self.returns)).ravel(),
            },
        ).with_columns(pl.col("at").cast(pl.Datetime("ms", "UTC")))
        file = io.BytesIO()
        frame.write_parquet(file, compression="zstd", compression_level=1)
        return file.getvalue()


def simulate(model: Model, forecast: Forecast, *, n_paths: int) -> Paths:
    """Return the paths that the model, as it stands, draws with the forecast's seed; raises UnavailableError unless they are finite."""
    returns = model.paths(seed=forecast.seed, n_paths=n_paths).astype(np.float32)
    if not np.isfinite(returns).all():
        raise UnavailableError(f"The paths of {forecast.model} are not all finite numbers.")
    return Paths(forecast, returns)
