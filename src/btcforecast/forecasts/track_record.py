"""The track record: how every model fared, against every baseline, with intervals and in plain words.

Only settled targets of scheduled cycles of one origin enter; live and replayed are never mixed. Needs numpy and nothing heavier,
because web processes compute it too.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from btcforecast.core import Clock, Floats, Horizon, Ints, Origin, Series, to_rfc3339
from btcforecast.engine.scoring import diebold_mariano, paired_skill, verdict_of
from btcforecast.store.database import Database
from btcforecast.store.forecasts import CycleStatus, Role, SettledColumns
from btcforecast.store.track_record import TrackRecordStore

WINDOWS: Final[Mapping[str, int | None]] = {"7d": 7 * 86400, "30d": 30 * 86400, "90d": 90 * 86400, "all": None}
"""The windows by name: targets that fell due within so many seconds before the end of the record."""
COVERAGES: Final = (50, 80, 90, 95)
PIT_BINS: Final = 20
_SHORTEST_BLOCK_S: Final = 86400
_WEEK_S: Final = 7 * 86400
_MONDAY: Final = 4 * 86400
"""The Unix epoch was a Thursday; the first Monday came four days later."""


@dataclass(frozen=True, slots=True)
class SkillFigure:
    """1 − mean CRPS / the baseline's mean CRPS on the same forecasts.

    low, high: 95 % block-bootstrap interval. p_value: Diebold–Mariano, two-sided. All three None where there are too few blocks
    to compute them. n_blocks: how many independent stretches of time the n forecasts span.
    """

    baseline: str
    n: int
    n_blocks: int
    value: float
    low: float | None
    high: float | None
    p_value: float | None
    verdict: str
    """better, worse, unproven or too_few."""
    words: str


@dataclass(frozen=True, slots=True)
class CoverageFigure:
    """The share of outcomes that the central interval of `nominal_percent` held."""

    nominal_percent: int
    observed_percent: float
    n: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How one model fared at one horizon within one window.

    skill: against every baseline; empty for baselines themselves. pit_counts: 20 equal bins of [0, 1].
    """

    model: str
    role: str
    horizon: str
    window: str
    n: int
    mean_crps_bps: float | None
    skill: tuple[SkillFigure, ...]
    coverage: tuple[CoverageFigure, ...]
    pit_counts: tuple[int, ...]
    words: str


@dataclass(frozen=True, slots=True)
class WeekOfCoverage:
    """Coverage of the targets of one model and horizon that fell due in one week from Monday 00:00 UTC."""

    model: str
    horizon: str
    week_from: str
    n: int
    observed_percent: dict[str, float]


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The whole record of one series and origin. until: the instant at which every window ends."""

    venue: str
    symbol: str
    simulated: bool
    origin: str
    until: str | None
    first_as_of: str | None
    last_as_of: str | None
    n_cycles_issued: int
    n_cycles_missed: int
    n_settled: int
    figures: tuple[Figures, ...]
    coverage_by_week: tuple[WeekOfCoverage, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return asdict(self)


async def track_record(
    database: Database, series: Series, *, origin: Origin, clock: Clock, horizon: Horizon | None = None, window: str | None = None
) -> TrackRecord:
    """Return the record as it stands; live windows end now, replayed ones at the newest settled target."""
    async with database.read() as connection:
        store = TrackRecordStore(connection)
        settled = await store.settled(series, origin=origin)
        n_cycles = await store.n_cycles(series, origin=origin)
    until = clock.now() if origin is Origin.LIVE else int(settled.target_at.max(initial=0))
    windows = WINDOWS if window is None else {window: WINDOWS[window]}
    figures, weeks = await asyncio.to_thread(figures_of, settled, until=until, windows=windows, horizon=horizon)
    n = len(settled.as_of)
    return TrackRecord(
        venue=series.venue,
        symbol=series.symbol,
        simulated=series.is_simulated,
        origin=str(origin),
        until=to_rfc3339(until) if n else None,
        first_as_of=to_rfc3339(int(settled.as_of[0])) if n else None,
        last_as_of=to_rfc3339(int(settled.as_of[-1])) if n else None,
        n_cycles_issued=n_cycles[CycleStatus.ISSUED],
        n_cycles_missed=n_cycles[CycleStatus.MISSED],
        n_settled=n,
        figures=figures,
        coverage_by_week=weeks,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One horizon's settled targets: rows are instants in order, columns models, NaN where a model has none."""

    horizon: Horizon
    as_of: Ints
    crps_bps: Floats
    pit: Floats

    def since(self, target_after: int) -> _Table:
        first = int(np.searchsorted(self.as_of, target_after - self.horizon.seconds, side="right"))
        return _Table(self.horizon, self.as_of[first:], self.crps_bps[first:], self.pit[first:])


def figures_of(
    settled: SettledColumns,
    *,
    until: int,
    windows: Mapping[str, int | None] = WINDOWS,
    horizon: Horizon | None = None,
    model: str | None = None,
) -> tuple[tuple[Figures, ...], tuple[WeekOfCoverage, ...]]:
    """Return the figures of every horizon, window and model, champion first, or of one of each; and coverage week by week."""
    order = [place for place in _shown_order(settled) if model in (None, settled.models[place])]
    figures: list[Figures] = []
    weeks: list[WeekOfCoverage] = []
    for seconds in np.unique(settled.horizon_s).tolist():
        if horizon is not None and seconds != horizon.seconds:
            continue
        table = _table(settled, Horizon(seconds))
        for (name, span), place in itertools.product(windows.items(), order):
            part = table if span is None else table.since(until - span)
            figures.append(_figures(settled, part, place, window=name))
        for place in order:
            weeks.extend(_by_week(table, place, model=settled.models[place]))
    return tuple(figures), tuple(weeks)


def _shown_order(settled: SettledColumns) -> list[int]:
    rank = {role: place for place, role in enumerate(Role)}
    return sorted(
        range(len(settled.models)), key=lambda place: (rank[settled.roles[settled.models[place]]], settled.models[place])
    )


def _table(settled: SettledColumns, horizon: Horizon) -> _Table:
    rows = settled.horizon_s == horizon.seconds
    as_of, row = np.unique(settled.as_of[rows], return_inverse=True)
    crps, pit = (np.full((len(as_of), len(settled.models)), np.nan) for _ in range(2))
    crps[row, settled.model[rows]] = settled.crps_bps[rows]
    pit[row, settled.model[rows]] = settled.pit[rows]
    return _Table(horizon, as_of, crps, pit)


def _figures(settled: SettledColumns, table: _Table, place: int, *, window: str) -> Figures:
    model = settled.models[place]
    crps, pit = table.crps_bps[:, place], table.pit[:, place]
    pit = pit[~np.isnan(pit)]
    n = len(pit)
    is_baseline = settled.roles[model] is Role.BASELINE
    # The fallback is what champion and challengers must beat to be worth having, so they are measured against it, too.
    against = (
        set() if is_baseline else {Role.BASELINE} if settled.roles[model] is Role.FALLBACK else {Role.BASELINE, Role.FALLBACK}
    )
    rivals = [rival for rival, name in enumerate(settled.models) if settled.roles[name] in against]
    found = (_skill(table, place, rival, baseline=settled.models[rival]) for rival in rivals)
    skill = tuple(figure for figure in found if figure is not None)
    return Figures(
        model=model,
        role=str(settled.roles[model]),
        horizon=str(table.horizon),
        window=window,
        n=n,
        mean_crps_bps=float(np.nanmean(crps)) if n else None,
        skill=skill,
        coverage=tuple(CoverageFigure(percent, _coverage(pit, percent), n) for percent in COVERAGES) if n else (),
        pit_counts=tuple(np.histogram(pit, bins=PIT_BINS, range=(0, 1))[0].tolist()),
        words=BASELINE_WORDS if is_baseline else _words(skill, n),
    )


def _skill(table: _Table, place: int, rival: int, *, baseline: str) -> SkillFigure | None:
    both = ~np.isnan(table.crps_bps[:, place]) & ~np.isnan(table.crps_bps[:, rival])
    n = int(both.sum())
    if n == 0:
        return None
    mine, theirs, as_of = table.crps_bps[both, place], table.crps_bps[both, rival], table.as_of[both]
    step_s = int(np.median(np.diff(as_of))) if n > 1 else table.horizon.seconds
    # Outcomes of forecasts closer together than the horizon overlap, and errors of one day resemble each other.
    block = math.ceil(max(table.horizon.seconds, _SHORTEST_BLOCK_S) / step_s)
    n_blocks = n // block
    value = 1 - float(mine.mean() / theirs.mean())
    if n_blocks < 2:
        return SkillFigure(baseline, n, n_blocks, value, None, None, None, "too_few", _TOO_FEW)
    interval = paired_skill(mine, theirs, block_length=block, seed=0)
    test = diebold_mariano(mine, theirs, lag=block - 1)
    p_value = test.p_value if math.isfinite(test.p_value) else None
    verdict = verdict_of(interval.low, interval.high, n_blocks=n_blocks)
    words = _SKILL_WORDS[verdict].format(
        baseline=baseline.replace("_", " "), percent=abs(100 * value), low=100 * interval.low, high=100 * interval.high
    )
    return SkillFigure(baseline, n, n_blocks, value, interval.low, interval.high, p_value, verdict, words)


_TOO_FEW: Final = "too few settled forecasts to say"
BASELINE_WORDS: Final = "a baseline: what the others are measured against"
_SKILL_WORDS: Final = {
    "too_few": _TOO_FEW,
    "better": "better than {baseline}: CRPS lower by {percent:.1f} % (95 % interval {low:.1f} to {high:.1f})",
    "worse": "worse than {baseline}: CRPS higher by {percent:.1f} % (95 % interval of the skill {low:.1f} to {high:.1f})",
    "unproven": "no evidence of skill against {baseline} (95 % interval {low:.1f} to {high:.1f} %)",
}


def _words(skill: tuple[SkillFigure, ...], n: int) -> str:
    if n == 0:
        return "no forecast has been settled yet"
    if not skill or all(figure.verdict == "too_few" for figure in skill):
        return _TOO_FEW
    said = [figure.words for figure in skill if figure.verdict in {"better", "worse"}]
    unproven = [figure.baseline.replace("_", " ") for figure in skill if figure.verdict == "unproven"]
    if len(unproven) == len(skill):
        return "no evidence of skill"
    return "; ".join([*said, *([f"no evidence of skill against {', '.join(unproven)}"] if unproven else [])])


def _coverage(pit: Floats, percent: int) -> float:
    return 100 * float(np.mean(np.abs(pit - 0.5) <= percent / 200))


def _by_week(table: _Table, place: int, *, model: str) -> list[WeekOfCoverage]:
    has = ~np.isnan(table.pit[:, place])
    pit, target_at = table.pit[has, place], table.as_of[has] + table.horizon.seconds
    starts, week = np.unique((target_at - _MONDAY) // _WEEK_S, return_inverse=True)
    counts = np.bincount(week, minlength=len(starts))
    held = {
        str(percent): 100 * np.bincount(week, np.abs(pit - 0.5) <= percent / 200, minlength=len(starts)) / counts
        for percent in COVERAGES
    }
    return [
        WeekOfCoverage(
            model=model,
            horizon=str(table.horizon),
            week_from=to_rfc3339(int(start) * _WEEK_S + _MONDAY),
            n=int(counts[i]),
            observed_percent={percent: float(shares[i]) for percent, shares in held.items()},
        )
        for i, start in enumerate(starts.tolist())
    ]
