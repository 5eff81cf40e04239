"""ask and settle questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "sealed_questions",
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("horizon_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("target_at", sa.BigInteger(), nullable=False),
        sa.Column("spot", sa.Double(), nullable=False),
        sa.Column("has_touch", sa.Boolean(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("probabilities", sa.LargeBinary(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("answer_seq", sa.BigInteger(), nullable=True),
        sa.Column("outcomes", sa.LargeBinary(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_sealed_questions_series_id")),
        sa.PrimaryKeyConstraint("origin", "series_id", "as_of", "horizon_s", name=op.f("pk_sealed_questions")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_sealed_questions_settled_at_target_at"), "sealed_questions", ["settled_at", "target_at"], unique=False
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("sealed_questions")
