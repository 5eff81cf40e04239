"""Cycles, forecasts, their targets and scores, paths kept for questions, and model versions.

The full text of a forecast lives once, in its ledger entry; the rows here find it and carry what figures are computed from.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from btcforecast.store.tables.metadata import metadata

cycles: Final = Table(
    "cycles",
    metadata,
    Column("origin", String(16), primary_key=True),
    Column(
        "series_id",
        Integer,
        ForeignKey("series.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("as_of", BigInteger, primary_key=True, autoincrement=False),
    # issued or missed
    Column("status", String(16), nullable=False),
    # False for one issued beside the schedule, as at first start; such ones are shown and settled but enter no figure.
    Column("is_scheduled", Boolean, nullable=False),
    Column("reason", Text),
    # The ledger entry of a missed cycle; an issued one has an entry for each forecast.
    Column("ledger_seq", BigInteger),
    # The model whose forecast was published; empty where none was.
    Column("served_model", String(64)),
    Column("recorded_at", BigInteger, nullable=False),
)

forecasts: Final = Table(
    "forecasts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("origin", String(16), nullable=False),
    Column("series_id", Integer, ForeignKey("series.id"), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("model", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    # champion, fallback, challenger or baseline, as it was when issued
    Column("role", String(16), nullable=False),
    Column("spot", Double, nullable=False),
    Column("sealed_at", BigInteger, nullable=False),
    Column("ledger_seq", BigInteger, nullable=False),
    UniqueConstraint("origin", "series_id", "as_of", "model"),
)

targets: Final = Table(
    "targets",
    metadata,
    Column("forecast_id", String(32), ForeignKey("forecasts.id"), primary_key=True),
    Column("horizon_s", Integer, primary_key=True, autoincrement=False),
    Column("target_at", BigInteger, nullable=False),
    # Empty until settled.
    Column("settled_at", BigInteger),
    Column("ledger_seq", BigInteger),
    Column("close", Double),
    Column("log_return", Double),
    Column("crps_bps", Double),
    Column("log_score", Double),
    Column("pit", Double),
    Column("interval_score_50_bps", Double),
    Column("interval_score_80_bps", Double),
    Column("interval_score_90_bps", Double),
    Column("interval_score_95_bps", Double),
    # Set instead of the scores when the target's candle will never exist.
    Column("void_reason", Text),
    Index(None, "settled_at", "target_at"),
    sqlite_with_rowid=False,
)

forecast_paths: Final = Table(
    "forecast_paths",
    metadata,
    Column("forecast_id", String(32), ForeignKey("forecasts.id"), primary_key=True),
    # float32 little-endian cumulative log returns, (n_paths, n_steps + 1) row by row.
    Column("n_paths", Integer, nullable=False),
    Column("n_steps", Integer, nullable=False),
    Column("returns", LargeBinary, nullable=False),
    # The same as a Parquet file of prices, ready to be served.
    Column("parquet", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

model_versions: Final = Table(
    "model_versions",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("model", String(64), nullable=False),
    Column("series_id", Integer, ForeignKey("series.id"), nullable=False),
    Column("trained_from", BigInteger, nullable=False),
    Column("trained_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # The manifest as it is on disk, with digests and signature.
    Column("manifest", Text, nullable=False),
    # ready, refused (its files were changed) or retired
    Column("status", String(16), nullable=False),
    Index(None, "series_id", "model", "trained_until"),
)
