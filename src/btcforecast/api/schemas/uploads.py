"""What became of a candle file."""

from __future__ import annotations

from pydantic import Field

from btcforecast.api.schemas.shared import Answer, Instant


class RejectedRow(Answer):
    """A row that is no candle."""

    line: int
    reason: str
    found: str = Field(description="What stood there.")


class ImportedCandles(Answer):
    """What was read, left out and stored."""

    venue: str
    symbol: str
    is_stored: bool
    n_rows: int
    n_candles: int
    first_opened_at: Instant | None
    last_opened_at: Instant | None
    n_new: int
    n_revised: int
    n_same: int
    n_rejected: int
    rejected_by_reason: dict[str, int]
    rejected: list[RejectedRow] = Field(description="The first twenty.")
