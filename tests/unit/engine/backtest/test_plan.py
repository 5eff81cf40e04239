from __future__ import annotations

import dataclasses
from types import ModuleType

import numpy as np
import pytest

from btcforecast.core import Candles, Horizon
from btcforecast.core.errors import InputError, TooLittleHistoryError
from btcforecast.engine.backtest import Plan

START = 1735689600
DAY = 86400
PLAN = Plan(START + 3 * DAY, START + 10 * DAY, 3600, ("gaussian",), (Horizon(3600),), refit_every_s=3 * DAY)


def test_pieces_share_out_every_origin_once():
    spans = [(piece.first_at, piece.end_at) for piece in PLAN.pieces()]
    assert spans == [(START + a * DAY, START + b * DAY) for a, b in ((3, 6), (6, 9), (9, 10))]
    assert len(PLAN.origins) == 7 * 24


def test_models_are_fitted_to_what_had_closed_when_they_are_refitted(candles: Candles):
    for piece in PLAN.pieces():
        assert piece.fit_until == piece.first_at
        assert PLAN.history(candles, piece.fit_until).as_of == piece.first_at


def test_a_training_window_ends_where_the_user_says(candles: Candles):
    plan = dataclasses.replace(PLAN, train_from=START + DAY, train_until=START + 2 * DAY)
    assert {piece.fit_until for piece in plan.pieces()} == {START + 2 * DAY}
    history = plan.history(candles, plan.train_until or 0)
    assert (int(history.opened_at[0]), history.as_of) == (START + DAY, START + 2 * DAY)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end_at": START}, "begin before it ends"),
        ({"every_s": 61}, "--every"),
        ({"refit_every_s": 300}, "more often than they forecast"),
        ({"first_at": START + 3 * DAY + 7}, "not on that grid"),
        ({"models": ("a", "a")}, "each model once"),
        ({"train_until": START + 4 * DAY}, "look past the first forecast"),
        ({"n_paths": 1}, "paths"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_words(change: dict[str, object], says: str):
    with pytest.raises(InputError, match=says):
        dataclasses.replace(PLAN, **change)


def test_a_window_outside_of_the_candles_is_refused(candles: Candles, toy: ModuleType):
    classes = {"gaussian": toy.Gaussian}
    PLAN.check(candles, classes)
    with pytest.raises(InputError, match="the candles cover 2025-01-01T00:05:00Z to 2025-01-13"):
        dataclasses.replace(PLAN, first_at=START + 20 * DAY, end_at=START + 30 * DAY).check(candles, classes)
    with pytest.raises(InputError, match="the candles cover"):
        dataclasses.replace(PLAN, first_at=START - DAY).check(candles, classes)
    with pytest.raises(InputError, match="cover nothing"):
        PLAN.check(Candles.empty(), classes)


def test_too_little_training_history_is_refused_before_any_work(candles: Candles, toy: ModuleType):
    plan = dataclasses.replace(PLAN, train_from=START + 3 * DAY - 3000)
    with pytest.raises(TooLittleHistoryError, match=r"at least 100 candles, .* was given 10,"):
        plan.check(candles, {"gaussian": toy.Gaussian})


def test_origins_without_a_candle_are_left_out(candles: Candles):
    keep = candles.closed_at != START + 4 * DAY
    columns = (getattr(candles, name)[keep] for name in ("opened_at", "open", "high", "low", "close", "volume"))
    present = PLAN.present(Candles(*columns))
    assert len(present) == len(PLAN.origins) - 1
    assert START + 4 * DAY not in present
    assert np.all(np.diff(present) > 0)
