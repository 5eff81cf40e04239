from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import HORIZONS, Candles, ManualClock, Origin, Series
from btcforecast.forecasts.issue import Issuer, issue
from btcforecast.forecasts.seal import Schedule, seal
from btcforecast.forecasts.settle import settle
from btcforecast.forecasts.track_record import Figures, SkillFigure, figures_of, track_record
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import Role, SettledColumns

START, HOUR, DAY = 1_764_547_200, 3600, 86400
MODELS = ("champ", "plain")
ROLES = {"champ": Role.CHAMPION, "plain": Role.BASELINE}


def settled(
    n: int, *, factor: float, horizon_s: int = HOUR, noise: float = 0.1, seed: int = 1, pit: np.ndarray | None = None
) -> SettledColumns:
    """Hourly forecasts of two models; the champion's scores are the baseline's times `factor`, give or take the noise."""
    rng = np.random.default_rng(seed)
    base = rng.gamma(4, 10, n)
    champ = base * factor * np.exp(rng.normal(0, noise, n) - noise**2 / 2)
    as_of = np.repeat(START + HOUR * np.arange(n), 2)
    return SettledColumns(
        models=MODELS,
        roles=ROLES,
        model=np.tile([0, 1], n),
        horizon_s=np.full(2 * n, horizon_s),
        as_of=as_of,
        target_at=as_of + horizon_s,
        crps_bps=np.c_[champ, base].ravel(),
        pit=np.repeat(rng.random(n) if pit is None else pit, 2),
    )


def figures(columns: SettledColumns, *, window: str = "all", model: str = "champ") -> Figures:
    found, _ = figures_of(columns, until=int(columns.target_at.max(initial=0)))
    return next(one for one in found if (one.window, one.model) == (window, model))


def skill(columns: SettledColumns, *, window: str = "all") -> SkillFigure:
    return figures(columns, window=window).skill[0]


def test_a_clear_gain_is_called_better_with_its_interval():
    found = skill(settled(24 * 60, factor=0.9))
    assert found.verdict == "better"
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(0.1, abs=0.02)
    assert found.p_value < 0.01
    assert found.words.startswith("better than plain: CRPS lower by ")


def test_a_clear_loss_is_called_worse():
    assert skill(settled(24 * 60, factor=1.1)).verdict == "worse"
    assert "worse than plain" in figures(settled(24 * 60, factor=1.1)).words


def test_what_is_not_proven_is_called_no_evidence():
    one = figures(settled(24 * 60, factor=1.0, noise=0.5))
    assert one.skill[0].verdict == "unproven"
    assert one.words == "no evidence of skill"


def test_nine_days_are_too_few_even_for_a_clear_gain():
    one = figures(settled(24 * 9, factor=0.5, noise=0.0))
    assert (one.skill[0].n_blocks, one.skill[0].verdict) == (9, "too_few")
    assert one.words == "too few settled forecasts to say"


def test_overlapping_outcomes_count_once_per_horizon():
    assert skill(settled(24 * 60, factor=0.9, horizon_s=7 * DAY)).n_blocks == 8


def test_a_single_block_has_no_interval_at_all():
    found = skill(settled(30, factor=0.9))
    assert (found.low, found.high, found.p_value, found.verdict) == (None, None, None, "too_few")


def test_windows_hold_the_targets_that_fell_due_within_them():
    columns = settled(24 * 100, factor=0.9)
    assert {window: figures(columns, window=window).n for window in ("7d", "30d", "90d", "all")} == {
        "7d": 168,
        "30d": 720,
        "90d": 2160,
        "all": 2400,
    }


def test_only_forecasts_that_both_models_made_are_compared():
    columns = settled(24 * 20, factor=0.9)
    keep = ~((columns.model == 1) & (columns.as_of < START + 10 * DAY))
    names = ("model", "horizon_s", "as_of", "target_at", "crps_bps", "pit")
    part = SettledColumns(MODELS, ROLES, **{name: getattr(columns, name)[keep] for name in names})
    one = figures(part)
    assert (one.n, one.skill[0].n) == (480, 240)


def test_baselines_are_measured_but_not_against_each_other():
    one = figures(settled(24 * 20, factor=0.9), model="plain")
    assert one.skill == ()
    assert one.mean_crps_bps > 0


@given(pit=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_coverage_and_histogram_count_every_outcome_once(pit: list[float]):
    one = figures(settled(len(pit), factor=1.0, pit=np.array(pit)))
    assert sum(one.pit_counts) == one.n == len(pit)
    shares = [coverage.observed_percent for coverage in one.coverage]
    assert shares == sorted(shares)
    held = np.mean([0.05 <= value <= 0.95 for value in pit])
    assert one.coverage[2].observed_percent == pytest.approx(
        100 * held, abs=100 * np.mean(np.isclose(np.abs(np.array(pit) - 0.5), 0.45))
    )


def test_weeks_begin_on_monday_and_hold_all_outcomes():
    # START is a Monday.
    columns = settled(24 * 14, factor=0.9, horizon_s=HOUR)
    _, weeks = figures_of(columns, until=int(columns.target_at.max()))
    champ = [week for week in weeks if week.model == "champ"]
    assert [week.week_from for week in champ] == ["2025-12-01T00:00:00Z", "2025-12-08T00:00:00Z", "2025-12-15T00:00:00Z"]
    assert [week.n for week in champ] == [167, 168, 1]


async def test_the_record_counts_scheduled_cycles_of_its_own_origin_only(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    async with database.transaction() as connection:
        await CandleStore(connection).write(series, candles, recorded_at=START)
    schedule = Schedule(every_s=HOUR, grace_s=600)
    # The second is beside the schedule: it is sealed and settled, and enters no figure.
    for as_of in (START, START + 300, START + HOUR):
        issued = await issue(database, issuer, series=series, as_of=as_of, clock=ManualClock(as_of + 5), with_paths=False)
        await seal(database, issued, schedule=schedule, clock=ManualClock(as_of + 6))
    clock = ManualClock(START + 5 * HOUR)
    await settle(database, clock=clock)
    record = await track_record(database, series, origin=Origin.LIVE, clock=clock)
    counts = {(one.model, one.horizon): one.n for one in record.figures if one.window == "all"}
    assert counts == {("toy", "1h"): 2, ("wide", "1h"): 2, ("toy", "4h"): 2, ("wide", "4h"): 2}
    assert (record.n_cycles_issued, record.n_settled) == (2, 8)
    assert json.loads(json.dumps(record.to_json(), allow_nan=False))["figures"][0]["model"] == "toy"
    replayed = await track_record(database, series, origin=Origin.REPLAYED, clock=clock)
    assert (replayed.figures, replayed.until, replayed.n_cycles_issued) == ((), None, 0)
    one_horizon = await track_record(database, series, origin=Origin.LIVE, clock=clock, horizon=HORIZONS[0], window="7d")
    assert {(one.horizon, one.window) for one in one_horizon.figures} == {("1h", "7d")}


def test_figures_need_nothing_heavier_than_numpy():
    code = "import sys, btcforecast.forecasts.track_record; print([m for m in ('scipy', 'arch', 'polars', 'ccxt', 'dbos', 'numba') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
