"""Answers: what the market said to sealed questions, and how far each model was from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import BASE, Origin, Series, to_rfc3339
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.questions import fixed
from btcforecast.store.candles import CandleStore
from btcforecast.store.forecasts import ForecastStore, Outcome, series_fields
from btcforecast.store.questions import Answer, QuestionStore, SealedQuestions, Way

WAIT_S: Final = 86400
"""While candles are missing or borrowed, the own venue has a day to deliver them."""
VOID_AFTER_S: Final = 7 * 86400
"""What still cannot be told a week later is void."""
MISSING_ALLOWED: Final = 0.01
"""Share of a span's candles that may be missing where touching is judged: in a longer gap a touch could have gone unseen."""
_REVISED_WITHIN_S: Final = 7 * 86400
"""Revisions are looked at as they come, so a week covers any time that the service was away."""
_VOID_WITHIN_S: Final = 90 * 86400
"""How long a void question is still answered when its candles turn up."""
_IN_ONE_ENTRY: Final = 50


@dataclass(frozen=True, slots=True)
class _Found:
    """What the candles say about one span; a field is None where they cannot say it (yet)."""

    close: float | None
    way: Way | None
    is_own: bool
    n_missing: int

    def way_is_known(self, n_steps: int) -> bool:
        return self.way is not None and self.n_missing <= MISSING_ALLOWED * n_steps


async def answer_due(connection: AsyncConnection, *, origin: Origin, at: int) -> int:
    """Answer the questions whose instant has passed; return for how many horizons of cycles.

    Belongs into the transaction that settles targets, which holds the ledger's lock.
    """
    store = QuestionStore(connection)
    return await _answer_all(connection, store, await store.due(origin=origin, at=at), origin=origin, at=at)


async def answer_again(connection: AsyncConnection, *, origin: Origin, at: int) -> int:
    """Answer those again whose candles were revised, or came, after they were answered; as `answer_due` otherwise."""
    store = QuestionStore(connection)
    overtaken = await store.overtaken(origin=origin, revised_since=at - _REVISED_WITHIN_S, void_since=at - _VOID_WITHIN_S)
    return await _answer_all(connection, store, overtaken, origin=origin, at=at)


async def _answer_all(
    connection: AsyncConnection, store: QuestionStore, questions: Sequence[SealedQuestions], *, origin: Origin, at: int
) -> int:
    n_answered = 0
    for series in sorted({one.series for one in questions}):
        mine = [one for one in questions if one.series == series]
        n_answered += await _answer(connection, store, series, mine, origin=origin, at=at)
    return n_answered


async def _answer(
    connection: AsyncConnection,
    store: QuestionStore,
    series: Series,
    questions: Sequence[SealedQuestions],
    *,
    origin: Origin,
    at: int,
) -> int:
    series_id = await CandleStore(connection).series_id(series)
    closes = await ForecastStore(connection).outcomes(series_id, sorted({one.target_at for one in questions}))
    # To a replayed record the present is where its history ends: what lies beyond was not missed, it is not there yet.
    newest = await CandleStore(connection).newest(series)
    present = at if origin is Origin.LIVE or newest is None else min(at, newest + BASE.seconds)
    answers: list[tuple[SealedQuestions, _Found]] = []
    unchanged: list[SealedQuestions] = []
    for one in questions:
        found = await _look(store, one, closes.get(one.target_at))
        if one.outcomes is not None and np.array_equal(one.outcomes, _outcomes(one, found)):
            unchanged.append(one)
        elif one.outcomes is not None or _is_final(one, found, present=present):
            answers.append((one, found))
    written: list[Answer] = []
    for first in range(0, len(answers), _IN_ONE_ENTRY):
        part = answers[first : first + _IN_ONE_ENTRY]
        body = {**series_fields(series), "answers": [_item(one, found) for one, found in part]}
        entry = await Ledger(connection, origin).append("answers", body, at=at)
        written += [Answer(one, _outcomes(one, found), _void_reason(one, found), entry.seq) for one, found in part]
    await store.settle(written, origin=origin, series_id=series_id, at=at)
    await store.checked(unchanged, origin=origin, series_id=series_id, at=at)
    return len(written)


async def _look(store: QuestionStore, one: SealedQuestions, outcome: Outcome | None) -> _Found:
    close = None if outcome is None else outcome.close
    is_own = outcome is not None and outcome.borrowed_from is None
    if not one.has_touch:
        return _Found(close, None, is_own, 0)
    way = await store.way(one.series, opened_from=one.as_of, opened_before=one.target_at)
    return _Found(close, way, is_own and not way.n_borrowed, one.horizon.n_steps - way.n_candles)


def _is_final(one: SealedQuestions, found: _Found, *, present: int) -> bool:
    if found.close is not None and found.is_own and not found.n_missing:
        return True
    is_told = found.close is not None and (not one.has_touch or found.way_is_known(one.horizon.n_steps))
    return present >= one.target_at + (WAIT_S if is_told else VOID_AFTER_S)


def _outcomes(one: SealedQuestions, found: _Found) -> Any:
    high, low = _way(one, found)
    return fixed.outcomes(one.horizon, spot=one.spot, close=found.close, high=high, low=low, has_touch=one.has_touch)


def _way(one: SealedQuestions, found: _Found) -> tuple[float | None, float | None]:
    if found.way is None or not found.way_is_known(one.horizon.n_steps):
        return None, None
    return found.way.high, found.way.low


def _void_reason(one: SealedQuestions, found: _Found) -> str | None:
    reasons = []
    if found.close is None:
        reasons.append(f"{one.series} has no candle that closed at {to_rfc3339(one.target_at)}, and none came within a week.")
    if one.has_touch and not found.way_is_known(one.horizon.n_steps):
        reasons.append(
            f"{found.n_missing} of the {one.horizon.n_steps} candles on the way are missing, too many to judge touching."
        )
    return " ".join(reasons) or None


def _item(one: SealedQuestions, found: _Found) -> Mapping[str, Any]:
    outcomes = _outcomes(one, found)
    high, low = _way(one, found)
    item: dict[str, Any] = {
        "questions": one.ledger_seq,
        "as_of": to_rfc3339(one.as_of),
        "horizon": str(one.horizon),
        "target_at": to_rfc3339(one.target_at),
        "close": found.close,
        "void_reason": _void_reason(one, found),
        "outcomes": {
            kind: None if np.any(outcomes[place] == fixed.VOID) else outcomes[place].tolist()
            for kind, place in fixed.PLACES.items()
            if len(outcomes[place])
        },
        "brier": {
            model: {str(kind): value for kind, value in fixed.brier(row, outcomes).items()}
            for model, row in zip(one.models, one.probabilities, strict=True)
        },
    }
    if one.has_touch:
        item |= {"high": high, "low": low, "n_missing": found.n_missing}
    return item if one.answer_seq is None else {**item, "corrects": one.answer_seq}
