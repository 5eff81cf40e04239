"""The gate's measures, taken from plain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from btcforecast.core import Candles, Horizon
from btcforecast.core.words import counted
from btcforecast.engine.calibration.gate import JUDGED, TO_FALLBACK, TO_GARCH, Candidate, GateLimits, Measure
from btcforecast.engine.calibration.health import Health
from btcforecast.engine.calibration.statistics import Settled, paired_with, stretches_in

JUDGED_PERCENT: Final = 90
"""The central interval whose coverage the gate watches."""
SPIKE_CANDLES: Final = 2016
"""A week: what the newest return is compared with."""
_HOUR_CANDLES: Final = 12
_DAY_CANDLES: Final = 288
_FEWEST_FOR_SPIKE: Final = 144
_SMALLEST_RETURN: Final = 1e-6
"""A market that stands still has a median return of zero; a hundredth of a basis point stands in for it."""
Record = Mapping[Horizon, Settled]
"""One model's settled forecasts at each judged horizon."""


def input_measures(recent: Candles, *, as_of: int, at: int, limits: GateLimits) -> tuple[Measure, ...]:
    """Return what is known of the candles. recent: at least those of the last week before `as_of`. at: when it is sealed."""
    age_s = at - recent.as_of if len(recent) else None
    of_hour, of_day = (n - int(np.count_nonzero(recent.opened_at >= as_of - 300 * n)) for n in (_HOUR_CANDLES, _DAY_CANDLES))
    percent = 100 * of_day / _DAY_CANDLES
    spike = newest_spike(recent)
    return (
        Measure(
            "newest_candle_age_s",
            None if age_s is None else float(age_s),
            high=float(limits.newest_candle_s),
            words=f"The newest candle closed {_minutes(age_s or 0)} before; at most {_minutes(limits.newest_candle_s)} are allowed.",
        ),
        Measure(
            "missing_of_last_12",
            float(of_hour),
            high=float(limits.missing_of_12),
            words=f"Of the last 12 candles {of_hour} are missing; at most {limits.missing_of_12} may be.",
        ),
        Measure(
            "missing_percent_of_last_288",
            percent,
            high=limits.missing_percent_of_day,
            words=f"Of the last day's candles {percent:.1f} % are missing; at most {limits.missing_percent_of_day:g} % may be.",
        ),
        Measure(
            "newest_candle_spike",
            spike,
            high=limits.spike,
            words=f"The newest candle moved {spike or 0:.0f} times as far as the week's median candle, beyond {limits.spike:g} times; "
            "the next one must show whether the price is real.",
        ),
    )


def newest_spike(recent: Candles) -> float | None:
    """Return the newest |return| ÷ the median one of the week before it; None where there are too few candles to compare with."""
    close = np.log(recent.close[-SPIKE_CANDLES - 1 :])
    if len(close) < _FEWEST_FOR_SPIKE:
        return None
    size = np.abs(np.diff(close))
    return float(size[-1] / max(float(np.median(size[:-1])), _SMALLEST_RETURN))


def candidate(
    name: str, role: str, *, failure: str | None, health: Health, record: Record, until: int, limits: GateLimits
) -> Candidate:
    """Return a model with its checks and coverages. role: champion or fallback, the beginning of each measure's name."""
    ratio, tracking, most = health.scale_ratio, health.tracking, limits.scale_ratio
    if failure is None and not (math.isfinite(ratio) and math.isfinite(tracking)):
        failure = "it says of itself what is not a number."
    checks = (
        ()
        if failure is not None
        else (
            Measure(
                f"{role}_scale_ratio",
                ratio,
                low=1 / most,
                high=most,
                words=f"The scale of {name} is {ratio:.2f} times its 90-day mean; {1 / most:.2f} to {most:g} times are allowed.",
            ),
            Measure(
                f"{role}_tracking",
                tracking,
                high=limits.tracking,
                words=f"The recalibration of {name} has moved a width by e^±{tracking:.2f}; at most e^±{limits.tracking:g} is allowed.",
            ),
        )
    )
    coverages = tuple(
        _coverage(name, role, record.get(horizon, Settled.none(horizon)), until=until, limits=limits) for horizon in JUDGED
    )
    return Candidate(name, failure, checks, coverages)


def score_measures(
    champion: Record, *, fallback: Record | None, garch: Record | None, until: int, limits: GateLimits
) -> tuple[Measure, ...]:
    """Return the champion's score against each rival that there is."""
    rivals = (
        (TO_FALLBACK, "the fallback's", fallback, limits.demote_to_fallback),
        (TO_GARCH, "GARCH's", garch, limits.demote_to_garch),
    )
    return tuple(
        _score(name, whose, champion, rival, high=high, until=until, limits=limits)
        for name, whose, rival, high in rivals
        if rival is not None
    )


def _score(name: str, whose: str, champion: Record, rival: Record, *, high: float, until: int, limits: GateLimits) -> Measure:
    """Return the mean over the judged horizons of mean CRPS ÷ the rival's, on the same forecasts."""
    window_s = limits.score_window_s
    ratios: list[float] = []
    counts: list[tuple[int, int]] = []
    for horizon in JUDGED:
        none = Settled.none(horizon)
        mine, theirs = paired_with(champion.get(horizon, none), rival.get(horizon, none))
        mine, theirs = mine.due_in(until - window_s, until), theirs.due_in(until - window_s, until)
        counts.append((mine.n_stretches, _needed(window_s, horizon, limits)))
        if len(mine.as_of) and theirs.crps_bps.mean() > 0:
            ratios.append(float(mine.crps_bps.mean() / theirs.crps_bps.mean()))
    n, n_needed = min(counts, key=lambda pair: pair[0] / pair[1])
    value = float(np.mean(ratios)) if len(ratios) == len(JUDGED) else None
    words = f"Over {_days(window_s)} the champion's CRPS is {value or 0:.4f} of {whose}; at most {high:g} is allowed."
    return Measure(name, value, high=high, n=n, n_needed=n_needed, words=words)


def _coverage(name: str, role: str, settled: Settled, *, until: int, limits: GateLimits) -> Measure:
    horizon = settled.horizon
    low, high = limits.coverage(horizon)
    window_s = limits.window_s(horizon)
    recent = settled.due_in(until - window_s, until)
    value = None if not len(recent.as_of) else recent.coverage(JUDGED_PERCENT)
    lately = settled.coverages(JUDGED_PERCENT, window_s=window_s, since=until - limits.recovery_s, until=until)
    return Measure(
        f"{role}_coverage_{horizon}",
        value,
        low=low,
        high=high,
        n=recent.n_stretches,
        n_needed=_needed(window_s, horizon, limits),
        words=f"Over {_days(window_s)} the {JUDGED_PERCENT} % interval of {name} at {horizon} held {value or 0:.1f} % of the outcomes; "
        f"{low:g} to {high:g} % are allowed.",
        was_held=bool(np.all((lately >= low) & (lately <= high))),
    )


def _needed(window_s: int, horizon: Horizon, limits: GateLimits) -> int:
    return max(1, math.ceil(limits.min_share * stretches_in(window_s, horizon)))


def _minutes(seconds: int) -> str:
    return counted(seconds // 60, "minute")


def _days(seconds: int) -> str:
    return counted(seconds // 86400, "day") if seconds >= 86400 else counted(seconds // 3600, "hour")
