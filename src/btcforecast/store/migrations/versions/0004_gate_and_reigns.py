"""gate and reigns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("cycles", sa.Column("served_model", sa.String(length=64), nullable=True))
    # Before there was a gate, every issued cycle published its champion.
    op.execute(
        "UPDATE cycles SET served_model = (SELECT forecasts.model FROM forecasts WHERE forecasts.origin = cycles.origin"
        " AND forecasts.series_id = cycles.series_id AND forecasts.as_of = cycles.as_of AND forecasts.role = 'champion')"
    )
    op.create_table(
        "gate_states",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("champion", sa.String(length=64), nullable=False),
        sa.Column("fallback", sa.String(length=64), nullable=True),
        sa.Column("served_model", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_gate_states_series_id")),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_gate_states")),
    )
    op.create_table(
        "gate_transitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("served_model", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_gate_transitions_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_transitions")),
    )
    op.create_index(op.f("ix_gate_transitions_series_id_id"), "gate_transitions", ["series_id", "id"], unique=False)
    op.create_table(
        "reigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("champion", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=True),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_reigns_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reigns")),
    )
    op.create_index(op.f("ix_reigns_series_id_id"), "reigns", ["series_id", "id"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("reigns")
    op.drop_table("gate_transitions")
    op.drop_table("gate_states")
    with op.batch_alter_table("cycles") as cycles:
        cycles.drop_column("served_model")
