"""How sealed questions fared: Brier scores by model, kind and horizon, against every baseline, and whether probabilities came true.

Only answered questions of one origin enter; live and replayed are never mixed. Needs numpy and nothing heavier, because web processes compute it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from btcforecast.core import Clock, Floats, Horizon, Ints, Origin, Series, to_rfc3339
from btcforecast.core.errors import InputError
from btcforecast.engine.scoring import paired_skill, verdict_of
from btcforecast.engine.scoring.brier import ReliabilityBin, brier_parts
from btcforecast.forecasts.questions import fixed
from btcforecast.forecasts.track_record import BASELINE_WORDS, WINDOWS
from btcforecast.store.database import Database
from btcforecast.store.forecasts import Role
from btcforecast.store.questions import QuestionStore, SealedQuestions
from btcforecast.store.track_record import TrackRecordStore

_SHORTEST_BLOCK_S: Final = 86400


@dataclass(frozen=True, slots=True)
class BrierSkill:
    """1 − Brier score / the baseline's on the same questions, with its 95 % block-bootstrap interval; None where there are too few blocks."""

    baseline: str
    n_cycles: int
    n_blocks: int
    value: float
    low: float | None
    high: float | None
    verdict: str
    """better, worse, unproven or too_few."""
    words: str


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """How one model fared on one kind of question at one horizon within one window; the parts of the score are Murphy's."""

    model: str
    role: str
    kind: str
    horizon: str
    window: str
    n_cycles: int
    n: int
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    skill: tuple[BrierSkill, ...]
    diagram: tuple[ReliabilityBin, ...]
    words: str


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """The whole record of one series and origin. n_void: horizons of cycles of which some kind got no answer."""

    venue: str
    symbol: str
    simulated: bool
    origin: str
    until: str | None
    first_as_of: str | None
    last_as_of: str | None
    n_cycles: int
    n_void: int
    figures: tuple[QuestionFigures, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return asdict(self)


async def question_record(database: Database, series: Series, *, origin: Origin, clock: Clock) -> QuestionRecord:
    """Return the record as it stands; live windows end now, replayed ones at the newest answered question."""
    async with database.read() as connection:
        answered = await QuestionStore(connection).answered(series, origin=origin)
        roles = await TrackRecordStore(connection).roles(series, origin=origin)
    instants = sorted({one.as_of for one in answered})
    until = clock.now() if origin is Origin.LIVE else max((one.target_at for one in answered), default=0)
    return QuestionRecord(
        venue=series.venue,
        symbol=series.symbol,
        simulated=series.is_simulated,
        origin=str(origin),
        until=to_rfc3339(until) if instants else None,
        first_as_of=to_rfc3339(instants[0]) if instants else None,
        last_as_of=to_rfc3339(instants[-1]) if instants else None,
        n_cycles=len(instants),
        n_void=sum(one.void_reason is not None for one in answered),
        figures=await asyncio.to_thread(figures_of, answered, roles, until=until),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One kind of question at one horizon. as_of: shape (n,); outcomes: (n, n_questions); said: by model, NaN where it was not asked."""

    kind: fixed.Kind
    horizon: Horizon
    as_of: Ints
    outcomes: Floats
    said: Mapping[str, Floats]

    def since(self, target_after: int) -> _Table:
        first = int(np.searchsorted(self.as_of, target_after - self.horizon.seconds, side="right"))
        said = {model: rows[first:] for model, rows in self.said.items()}
        return _Table(self.kind, self.horizon, self.as_of[first:], self.outcomes[first:], said)

    def scores(self, model: str) -> Floats:
        """Return the model's Brier score of each cycle, shape (n,), NaN where it was not asked."""
        return np.asarray(np.mean((self.said[model] - self.outcomes) ** 2, axis=1))


def figures_of(answered: Sequence[SealedQuestions], roles: Mapping[str, Role], *, until: int) -> tuple[QuestionFigures, ...]:
    """Return the figures of every kind, horizon, window and model, champion first."""
    order = sorted(roles, key=lambda model: (list(Role).index(roles[model]), model))
    figures: list[QuestionFigures] = []
    for table in _tables(answered):
        for window, span in WINDOWS.items():
            part = table if span is None else table.since(until - span)
            figures += [_figures(part, model, roles, window=window) for model in order if _is_asked(part, model)]
    return tuple(figures)


def _tables(answered: Sequence[SealedQuestions]) -> Iterator[_Table]:
    models = sorted({model for one in answered for model in one.models})
    for horizon in sorted({one.horizon for one in answered}):
        mine = sorted((one for one in answered if one.horizon == horizon), key=lambda one: one.as_of)
        for kind, place in fixed.PLACES.items():
            rows = [one for one in mine if one.outcomes is not None and _is_answered(one.outcomes[place])]
            if not rows:
                continue
            said = {model: np.full((len(rows), place.stop - place.start), np.nan) for model in models}
            for i, one in enumerate(rows):
                for model, probabilities in zip(one.models, one.probabilities, strict=True):
                    said[model][i] = probabilities[place]
            outcomes = np.array([one.outcomes[place] for one in rows if one.outcomes is not None], np.float64)
            yield _Table(kind, horizon, np.array([one.as_of for one in rows], np.int64), outcomes, said)


def _is_answered(outcomes: np.ndarray[Any, np.dtype[np.uint8]]) -> bool:
    return len(outcomes) > 0 and not np.any(outcomes == fixed.VOID)


def _is_asked(table: _Table, model: str) -> bool:
    return model in table.said and bool(np.any(np.isfinite(table.said[model])))


def _figures(table: _Table, model: str, roles: Mapping[str, Role], *, window: str) -> QuestionFigures:
    rows = np.isfinite(table.said[model][:, 0])
    parts = brier_parts(table.said[model][rows].ravel(), table.outcomes[rows].ravel())
    is_baseline = roles[model] is Role.BASELINE
    rivals = [] if is_baseline else [name for name in table.said if roles.get(name) is Role.BASELINE]
    skill = tuple(figure for figure in (_skill(table, model, rival) for rival in rivals) if figure is not None)
    return QuestionFigures(
        model=model,
        role=str(roles[model]),
        kind=str(table.kind),
        horizon=str(table.horizon),
        window=window,
        n_cycles=int(rows.sum()),
        n=int(rows.sum()) * table.outcomes.shape[1],
        brier=parts.score,
        reliability=parts.reliability,
        resolution=parts.resolution,
        uncertainty=parts.uncertainty,
        skill=skill,
        diagram=parts.bins,
        words=BASELINE_WORDS if is_baseline else _words(skill),
    )


def _skill(table: _Table, model: str, rival: str) -> BrierSkill | None:
    mine, theirs = table.scores(model), table.scores(rival)
    both = np.isfinite(mine) & np.isfinite(theirs)
    n = int(both.sum())
    if n == 0 or float(theirs[both].mean()) <= 0:
        return None
    mine, theirs, as_of = mine[both], theirs[both], table.as_of[both]
    step_s = int(np.median(np.diff(as_of))) if n > 1 else table.horizon.seconds
    # Spans of questions closer together than the horizon overlap, and errors of one day resemble each other.
    block = math.ceil(max(table.horizon.seconds, _SHORTEST_BLOCK_S) / step_s)
    n_blocks = n // block
    value = 1 - float(mine.mean() / theirs.mean())
    try:
        # Blocks in which the baseline made no error at all leave an endless ratio, which is no bound.
        with np.errstate(divide="ignore", invalid="ignore"):
            interval = paired_skill(mine, theirs, block_length=block, seed=0)
    except InputError:
        return BrierSkill(rival, n, n_blocks, value, None, None, "too_few", _TOO_FEW)
    low, high = (bound if math.isfinite(bound) else None for bound in (interval.low, interval.high))
    verdict = verdict_of(low, high, n_blocks=n_blocks)
    words = _WORDS[verdict].format(
        baseline=rival.replace("_", " "), percent=abs(100 * value), low=100 * (low or 0), high=100 * (high or 0)
    )
    return BrierSkill(rival, n, n_blocks, value, low, high, verdict, words)


def _words(skill: tuple[BrierSkill, ...]) -> str:
    said = [figure.words for figure in skill if figure.verdict in {"better", "worse"}]
    unproven = [figure.baseline.replace("_", " ") for figure in skill if figure.verdict == "unproven"]
    if unproven:
        said.append("no evidence of skill" if not said else f"no evidence of skill against {', '.join(unproven)}")
    return "; ".join(said) or _TOO_FEW


_TOO_FEW: Final = "too few answered questions to say"
_WORDS: Final = {
    "too_few": _TOO_FEW,
    "better": "better than {baseline}: Brier score lower by {percent:.1f} % (95 % interval {low:.1f} to {high:.1f})",
    "worse": "worse than {baseline}: Brier score higher by {percent:.1f} % (95 % interval of the skill {low:.1f} to {high:.1f})",
    "unproven": "no evidence of skill against {baseline} (95 % interval {low:.1f} to {high:.1f} %)",
}
