"""Sealed questions: written with their cycle, settled when their instant has passed, read for figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import BASE, Floats, Horizon, Origin, Series
from btcforecast.store import tables
from btcforecast.store.tables import candle_revisions, candles, sealed_questions

_ROWS_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class SealedQuestions:
    """The questions about one horizon of one cycle. probabilities: shape (n_models, n_questions), as sealed."""

    series: Series
    as_of: int
    horizon: Horizon
    spot: float
    has_touch: bool
    models: tuple[str, ...]
    probabilities: Floats
    ledger_seq: int
    answer_seq: int | None = None
    outcomes: NDArray[np.uint8] | None = None
    void_reason: str | None = None

    @property
    def target_at(self) -> int:
        """Return when the span that they ask about ends."""
        return self.as_of + self.horizon.seconds


@dataclass(frozen=True, slots=True)
class Way:
    """The candles of a span: highest high, lowest low, how many there are, and how many of them another venue lent."""

    high: float | None
    low: float | None
    n_candles: int
    n_borrowed: int


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came of them. outcomes: one for each question."""

    questions: SealedQuestions
    outcomes: NDArray[np.uint8]
    void_reason: str | None
    ledger_seq: int


class QuestionStore:
    """Sealed questions on the caller's connection; nothing is committed here."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection: Final = connection

    async def add(self, asked: Sequence[SealedQuestions], *, origin: Origin, series_id: int) -> None:
        """Record the questions of a cycle, all still open."""
        rows = [
            {
                "origin": str(origin),
                "series_id": series_id,
                "as_of": one.as_of,
                "horizon_s": one.horizon.seconds,
                "target_at": one.target_at,
                "spot": one.spot,
                "has_touch": one.has_touch,
                "models": ",".join(one.models),
                "probabilities": one.probabilities.astype("<f8").tobytes(),
                "ledger_seq": one.ledger_seq,
            }
            for one in asked
        ]
        await self._connection.execute(insert(sealed_questions), rows)

    async def due(self, *, origin: Origin, at: int) -> list[SealedQuestions]:
        """Return the open questions whose instant has come, in order of time."""
        columns = sealed_questions.c
        return await self._read(columns.origin == str(origin), columns.settled_at.is_(None), columns.target_at <= at)

    async def overtaken(self, *, origin: Origin, revised_since: int, void_since: int) -> list[SealedQuestions]:
        """Return answered questions of which a candle was revised, or void ones of which a candle came, after they were looked at.

        revised_since, void_since: only revisions, and only void answers, from then on.
        """
        columns = sealed_questions.c
        first = or_(columns.has_touch, candle_revisions.c.opened_at == columns.target_at - BASE.seconds)
        revised = (
            select(candle_revisions.c.id)
            .where(
                candle_revisions.c.series_id == columns.series_id,
                candle_revisions.c.revised_at >= revised_since,
                candle_revisions.c.revised_at > columns.checked_at,
                candle_revisions.c.opened_at >= columns.as_of,
                candle_revisions.c.opened_at < columns.target_at,
                first,
            )
            .exists()
        )
        # Only spans that a recent revision can lie in are looked at.
        recent = candle_revisions.c.revised_at >= revised_since
        oldest = select(func.min(candle_revisions.c.opened_at)).where(recent).scalar_subquery()
        came = (
            select(candles.c.opened_at)
            .where(
                candles.c.series_id == columns.series_id,
                candles.c.opened_at >= columns.as_of,
                candles.c.opened_at < columns.target_at,
                candles.c.recorded_at > columns.checked_at,
            )
            .exists()
        )
        is_void = and_(columns.void_reason.is_not(None), columns.settled_at >= void_since)
        return await self._read(
            columns.origin == str(origin),
            columns.settled_at.is_not(None),
            or_(and_(columns.target_at > oldest, revised), and_(is_void, came)),
        )

    async def way(self, series: Series, *, opened_from: int, opened_before: int) -> Way:
        """Return how far the candles of a span went."""
        of = candles.c
        query = (
            select(func.max(of.high), func.min(of.low), func.count(), func.count(of.borrowed_from))
            .select_from(candles.join(tables.series, tables.series.c.id == of.series_id))
            .where(*_of(series), of.opened_at >= opened_from, of.opened_at < opened_before)
        )
        high, low, n_candles, n_borrowed = (await self._connection.execute(query)).one()
        return Way(high, low, n_candles, n_borrowed)

    async def settle(self, answers: Sequence[Answer], *, origin: Origin, series_id: int, at: int) -> None:
        """Write the answers; earlier ones are replaced."""
        if not answers:
            return
        rows = [
            {
                **_key(answer.questions),
                "settled_at": at,
                "answer_seq": answer.ledger_seq,
                "outcomes": answer.outcomes.tobytes(),
                "void_reason": answer.void_reason,
                "checked_at": at,
            }
            for answer in answers
        ]
        await self._update(rows, origin=origin, series_id=series_id)

    async def checked(self, questions: Sequence[SealedQuestions], *, origin: Origin, series_id: int, at: int) -> None:
        """Note that the candles of these were looked at again and changed nothing."""
        if questions:
            await self._update([{**_key(one), "checked_at": at} for one in questions], origin=origin, series_id=series_id)

    async def answered(self, series: Series, *, origin: Origin) -> list[SealedQuestions]:
        """Return all answered questions, oldest first."""
        columns = sealed_questions.c
        return await self._read(columns.origin == str(origin), columns.settled_at.is_not(None), *_of(series))

    async def _update(self, rows: list[dict[str, Any]], *, origin: Origin, series_id: int) -> None:
        columns = sealed_questions.c
        where = (
            columns.origin == str(origin),
            columns.series_id == series_id,
            columns.as_of == bindparam("b_as_of"),
            columns.horizon_s == bindparam("b_horizon_s"),
        )
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if not name.startswith("b_")}
        await self._connection.execute(update(sealed_questions).where(*where).values(values), rows)

    async def _read(self, *conditions: Any) -> list[SealedQuestions]:
        query = (
            select(sealed_questions, tables.series.c.venue, tables.series.c.symbol)
            .join(tables.series, tables.series.c.id == sealed_questions.c.series_id)
            .where(*conditions)
            .order_by(sealed_questions.c.target_at, sealed_questions.c.horizon_s, sealed_questions.c.series_id)
        )
        found: list[SealedQuestions] = []
        result = await self._connection.stream(query, execution_options={"yield_per": _ROWS_AT_ONCE})
        async for rows in result.partitions():
            found.extend(_to_questions(row) for row in rows)
        return found


def _key(questions: SealedQuestions) -> dict[str, Any]:
    return {"b_as_of": questions.as_of, "b_horizon_s": questions.horizon.seconds}


def _of(series: Series) -> tuple[Any, Any]:
    return (tables.series.c.venue == series.venue, tables.series.c.symbol == series.symbol)


def _to_questions(row: Row[Any]) -> SealedQuestions:
    models = tuple(row.models.split(","))
    return SealedQuestions(
        series=Series(row.venue, row.symbol),
        as_of=row.as_of,
        horizon=Horizon(row.horizon_s),
        spot=row.spot,
        has_touch=row.has_touch,
        models=models,
        probabilities=np.frombuffer(row.probabilities, "<f8").reshape(len(models), -1),
        ledger_seq=row.ledger_seq,
        answer_seq=row.answer_seq,
        outcomes=None if row.outcomes is None else np.frombuffer(row.outcomes, np.uint8),
        void_reason=row.void_reason,
    )
