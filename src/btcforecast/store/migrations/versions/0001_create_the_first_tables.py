"""create the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_created_at"), "events", ["created_at"], unique=False)
    op.create_table(
        "ledger_checkpoints",
        sa.Column("ledger", sa.String(length=16), nullable=False),
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "tree_size", name=op.f("pk_ledger_checkpoints")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("ledger", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("appended_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("entry_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "seq", name=op.f("pk_ledger_entries")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        # PostgreSQL would compress each body, which takes five times as long as storing it.
        op.execute("ALTER TABLE ledger_entries ALTER COLUMN body SET STORAGE EXTERNAL")
    op.create_table(
        "ledger_nodes",
        sa.Column("ledger", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "level", "index", name=op.f("pk_ledger_nodes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("venue", sa.String(length=32), nullable=False),
        sa.Column("symbol", sa.String(length=33), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("venue", "symbol", name=op.f("uq_series_venue_symbol")),
    )
    op.create_table(
        "venue_states",
        sa.Column("venue", sa.String(length=32), nullable=False),
        sa.Column("breaker", sa.String(length=16), nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("venue", name=op.f("pk_venue_states")),
    )
    op.create_table(
        "candle_absences",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("opened_from", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("opened_before", sa.BigInteger(), nullable=False),
        sa.Column("n_tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_candle_absences_series_id")),
        sa.PrimaryKeyConstraint("series_id", "opened_from", name=op.f("pk_candle_absences")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "candle_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("revised_at", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.Column("borrowed_from", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["borrowed_from"], ["series.id"], name=op.f("fk_candle_revisions_borrowed_from")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_candle_revisions_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candle_revisions")),
    )
    op.create_index(op.f("ix_candle_revisions_series_id_opened_at"), "candle_revisions", ["series_id", "opened_at"], unique=False)
    op.create_table(
        "candles",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.Column("borrowed_from", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "opened_at", name=op.f("pk_candles")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cycles",
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_cycles_series_id")),
        sa.PrimaryKeyConstraint("origin", "series_id", "as_of", name=op.f("pk_cycles")),
    )
    op.create_table(
        "forecasts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("model_version", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("spot", sa.Double(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_forecasts_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasts")),
        sa.UniqueConstraint("origin", "series_id", "as_of", "model", name=op.f("uq_forecasts_origin_series_id_as_of_model")),
    )
    op.create_table(
        "live_prices",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.Column("traded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_live_prices_series_id")),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_live_prices")),
    )
    op.create_table(
        "model_versions",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("trained_from", sa.BigInteger(), nullable=False),
        sa.Column("trained_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_model_versions_series_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_model_versions")),
    )
    op.create_index(
        op.f("ix_model_versions_series_id_model_trained_until"),
        "model_versions",
        ["series_id", "model", "trained_until"],
        unique=False,
    )
    op.create_table(
        "forecast_paths",
        sa.Column("forecast_id", sa.String(length=32), nullable=False),
        sa.Column("n_paths", sa.Integer(), nullable=False),
        sa.Column("n_steps", sa.Integer(), nullable=False),
        sa.Column("returns", sa.LargeBinary(), nullable=False),
        sa.Column("parquet", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["forecast_id"], ["forecasts.id"], name=op.f("fk_forecast_paths_forecast_id")),
        sa.PrimaryKeyConstraint("forecast_id", name=op.f("pk_forecast_paths")),
    )
    op.create_table(
        "targets",
        sa.Column("forecast_id", sa.String(length=32), nullable=False),
        sa.Column("horizon_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("target_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=True),
        sa.Column("close", sa.Double(), nullable=True),
        sa.Column("log_return", sa.Double(), nullable=True),
        sa.Column("crps_bps", sa.Double(), nullable=True),
        sa.Column("log_score", sa.Double(), nullable=True),
        sa.Column("pit", sa.Double(), nullable=True),
        sa.Column("interval_score_50_bps", sa.Double(), nullable=True),
        sa.Column("interval_score_80_bps", sa.Double(), nullable=True),
        sa.Column("interval_score_90_bps", sa.Double(), nullable=True),
        sa.Column("interval_score_95_bps", sa.Double(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["forecast_id"], ["forecasts.id"], name=op.f("fk_targets_forecast_id")),
        sa.PrimaryKeyConstraint("forecast_id", "horizon_s", name=op.f("pk_targets")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_targets_settled_at_target_at"), "targets", ["settled_at", "target_at"], unique=False)
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=True),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_workers_series_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("workers")
    op.drop_index(op.f("ix_targets_settled_at_target_at"), table_name="targets")
    op.drop_table("targets")
    op.drop_table("forecast_paths")
    op.drop_index(op.f("ix_model_versions_series_id_model_trained_until"), table_name="model_versions")
    op.drop_table("model_versions")
    op.drop_table("live_prices")
    op.drop_table("forecasts")
    op.drop_table("cycles")
    op.drop_table("candles")
    op.drop_index(op.f("ix_candle_revisions_series_id_opened_at"), table_name="candle_revisions")
    op.drop_table("candle_revisions")
    op.drop_table("candle_absences")
    op.drop_table("venue_states")
    op.drop_table("series")
    op.drop_table("ledger_nodes")
    op.drop_table("ledger_entries")
    op.drop_table("ledger_checkpoints")
    op.drop_index(op.f("ix_events_created_at"), table_name="events")
    op.drop_table("events")
