"""Questions that are sealed with every scheduled cycle, and what came of them.

Their text lives in the ledger; a row here holds what settling and figures need of one horizon of one cycle.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from btcforecast.store.tables.metadata import metadata

sealed_questions: Final = Table(
    "sealed_questions",
    metadata,
    Column("origin", String(16), primary_key=True),
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True, autoincrement=False),
    Column("as_of", BigInteger, primary_key=True, autoincrement=False),
    Column("horizon_s", Integer, primary_key=True, autoincrement=False),
    Column("target_at", BigInteger, nullable=False),
    Column("spot", Double, nullable=False),
    Column("has_touch", Boolean, nullable=False),
    # The models asked, separated by commas, in the order of the rows of `probabilities`.
    Column("models", Text, nullable=False),
    # float64 little-endian, (n_models, n_questions) row by row, as the ledger has them.
    Column("probabilities", LargeBinary, nullable=False),
    Column("ledger_seq", BigInteger, nullable=False),
    # Empty until settled.
    Column("settled_at", BigInteger),
    Column("answer_seq", BigInteger),
    # One byte a question: 0 no, 1 yes, 2 void.
    Column("outcomes", LargeBinary),
    Column("void_reason", Text),
    # When candles were last looked at; what was revised or came after that may change the outcomes.
    Column("checked_at", BigInteger),
    Index(None, "settled_at", "target_at"),
    sqlite_with_rowid=False,
)
