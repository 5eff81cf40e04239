"""The leaderboard: models side by side at one horizon, on the origins that all of them were scored at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import Floats
from btcforecast.engine.backtest.plan import DAY_S
from btcforecast.engine.scoring import COVERAGES, Scores, diebold_mariano, paired_skill, verdict_of

_SHORTEST_BLOCK_S: Final = 7 * DAY_S
_SHORTEST_LAG_S: Final = DAY_S


@dataclass(frozen=True, slots=True)
class Ratio:
    """Mean score over a baseline's; below one is better.

    low, high, p_value: None where there are too few blocks to compute them. n_blocks: how many independent stretches of time it rests on.
    """

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    n_blocks: int
    verdict: str
    """better, worse, unproven or too_few."""


@dataclass(frozen=True, slots=True)
class Place:
    """How one model did. score: mean, basis points; coverage: observed percent by nominal percent, empty for paths."""

    model: str
    n: int
    score_bps: float
    log_score: float | None
    mean_pit: float | None
    coverage: Mapping[int, float]
    interval_score_bps: Mapping[int, float]
    ratios: Mapping[str, Ratio]


def rank_laws(scores: Mapping[str, Scores], *, baselines: tuple[str, ...], every_s: int, horizon_s: int) -> tuple[Place, ...]:
    """Return the models by CRPS, best first; every column of `scores` is over the same origins, in time order."""
    common = _common([column.crps_bps for column in scores.values()])
    ratios = _all_ratios(
        {name: column.crps_bps[common] for name, column in scores.items()}, baselines, every_s=every_s, horizon_s=horizon_s
    )
    places = [
        Place(
            model=name,
            n=int(common.sum()),
            score_bps=_mean(column.crps_bps[common]),
            log_score=_mean(column.log_score[common]),
            mean_pit=_mean(column.pit[common]),
            coverage={percent: 100 * _mean(column.covered[percent][common]) for percent in COVERAGES},
            interval_score_bps={percent: _mean(column.interval_score_bps[percent][common]) for percent in COVERAGES},
            ratios=ratios[name],
        )
        for name, column in scores.items()
        if common.any()
    ]
    return tuple(sorted(places, key=lambda place: place.score_bps))


def rank_paths(totals: Mapping[str, Floats], *, baselines: tuple[str, ...], every_s: int) -> tuple[Place, ...]:
    """Return the models by Synth score, best first; totals: NaN where an origin cannot be scored."""
    common = _common(list(totals.values()))
    ratios = _all_ratios({name: column[common] for name, column in totals.items()}, baselines, every_s=every_s, horizon_s=DAY_S)
    places = [
        Place(name, int(common.sum()), _mean(column[common]), None, None, {}, {}, ratios[name])
        for name, column in totals.items()
        if common.any()
    ]
    return tuple(sorted(places, key=lambda place: place.score_bps))


def ratio(scores: Floats, baseline: Floats, *, every_s: int, horizon_s: int) -> Ratio:
    """Return the ratio of two paired series of scores made every `every_s` seconds.

    Blocks of the bootstrap are a week, or two horizons where that is longer; the lag of the test is a day, or the horizon. Origins
    that are missing shorten a block a little in time, never in number.
    """
    block = block_length(every_s=every_s, horizon_s=horizon_s)
    n_blocks = len(scores) // block
    value = float(scores.mean() / baseline.mean())
    if n_blocks < 2:
        return Ratio(value, None, None, None, n_blocks, verdict_of(None, None, n_blocks=n_blocks))
    skill = paired_skill(scores, baseline, block_length=block)
    lag = max(max(_SHORTEST_LAG_S, horizon_s) // every_s - 1, 0)
    test = diebold_mariano(scores, baseline, lag=lag)
    verdict = verdict_of(skill.low, skill.high, n_blocks=n_blocks)
    return Ratio(value, 1 - skill.high, 1 - skill.low, test.p_value, n_blocks, verdict)


def block_length(*, every_s: int, horizon_s: int) -> int:
    """Return how many scores in a row the bootstrap draws together: those of a week, or of two horizons where that is longer."""
    return -(-max(_SHORTEST_BLOCK_S, 2 * horizon_s) // every_s)


def _all_ratios(
    scores: Mapping[str, Floats], baselines: tuple[str, ...], *, every_s: int, horizon_s: int
) -> dict[str, dict[str, Ratio]]:
    return {
        name: {
            baseline: ratio(column, scores[baseline], every_s=every_s, horizon_s=horizon_s)
            for baseline in baselines
            if baseline != name and len(column)
        }
        for name, column in scores.items()
    }


def _common(columns: list[Floats]) -> np.ndarray:
    return np.asarray(np.all(np.isfinite(np.vstack(columns)), axis=0))


def _mean(column: Floats) -> float:
    return float(column.mean())
