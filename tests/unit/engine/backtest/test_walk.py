from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Any

import numpy as np

from btcforecast.core import Calendar, Candles, Horizon, ScheduledEvent
from btcforecast.engine.backtest import PATH_LEADS, Piece, Plan, Walked, log_returns, path_seed, realised_prices, walk
from btcforecast.engine.scoring import synth_score

START = 1735689600
DAY = 86400
HORIZONS = (Horizon(3600), Horizon(DAY))
PLAN = Plan(START + 3 * DAY, START + 5 * DAY, 7200, ("gaussian",), HORIZONS, refit_every_s=DAY, n_paths=20, seed=4)
COLUMNS = ("opened_at", "open", "high", "low", "close", "volume")


def walk_one(plan: Plan, piece: Piece, candles: Candles, **more: Any) -> Walked:
    (walked,) = walk(plan, [piece], candles, **more)
    return walked


def without(candles: Candles, *closed_at: int) -> Candles:
    keep = ~np.isin(candles.closed_at, closed_at)
    return Candles(*(getattr(candles, name)[keep] for name in COLUMNS))


def test_a_walk_says_what_the_model_says_at_each_origin(candles: Candles, toy: ModuleType):
    for piece in PLAN.pieces():
        walked = walk_one(PLAN, piece, candles, model_class=toy.Gaussian)
        fitted = toy.Gaussian.fit(candles.up_to(piece.first_at))
        expected = fitted.quantiles(HORIZONS)
        for j, horizon in enumerate(HORIZONS):
            np.testing.assert_array_equal(walked.quantiles[:, j], np.tile(expected[horizon].quantiles, (12, 1)))
        np.testing.assert_array_equal(walked.as_of, np.arange(piece.first_at, piece.end_at, 7200))
        assert walked.trained_until == piece.first_at


def test_the_future_changes_nothing(candles: Candles, toy: ModuleType):
    piece = next(iter(PLAN.pieces()))
    last = piece.end_at - 7200
    known = candles.up_to(last)
    rng = np.random.default_rng(9)
    later = candles[len(known) :]
    noise = candles.close[-1] * np.exp(rng.normal(0, 0.1, len(later)))
    changed = Candles.concat([known, Candles(later.opened_at, noise, noise, noise, noise, noise * 0)])
    paths: list[list[np.ndarray]] = [[], []]
    walks = [
        walk_one(PLAN, piece, market, model_class=toy.Gaussian, on_paths=lambda _, prices, keep=keep: keep.append(prices))
        for market, keep in zip((candles, changed), paths, strict=True)
    ]
    np.testing.assert_array_equal(walks[0].quantiles, walks[1].quantiles)
    np.testing.assert_array_equal(paths[0], paths[1])


def test_paths_are_scored_as_they_are_handed_out(candles: Candles, toy: ModuleType):
    handed: dict[int, np.ndarray] = {}
    piece = next(iter(PLAN.pieces()))
    walked = walk_one(PLAN, piece, candles, model_class=toy.Gaussian, on_paths=handed.__setitem__)
    assert list(handed) == walked.as_of.tolist()
    for i, (as_of, found) in enumerate(zip(walked.as_of.tolist(), walked.synth, strict=True)):
        realised = realised_prices(candles, np.array([as_of]), n_steps=288)[0]
        assert handed[as_of].dtype == np.float32
        assert found.total == synth_score(handed[as_of], realised)
        below = [float(np.mean(handed[as_of][:, lead] < np.float32(realised[lead]))) for lead in PATH_LEADS]
        np.testing.assert_allclose(walked.path_pits[i], below, atol=1e-12)


def test_models_share_their_luck_and_instants_do_not():
    assert path_seed(4, START) == path_seed(4, START)
    assert len({path_seed(4, START), path_seed(5, START), path_seed(4, START + 300)}) == 3


def test_a_walk_does_not_depend_on_how_many_candles_come_at_once(candles: Candles, toy: ModuleType):
    plan = dataclasses.replace(PLAN, n_paths=0, train_until=START + 2 * DAY)
    seen = []

    class Watched(toy.Gaussian):
        def _observe(self, candles: Candles) -> None:
            seen.append(candles.opened_at)

    walk_one(plan, next(iter(plan.pieces())), candles, model_class=Watched)
    np.testing.assert_array_equal(np.concatenate(seen), candles.since(START + 2 * DAY).up_to(START + 4 * DAY - 7200).opened_at)


def test_a_missing_candle_is_a_missing_outcome(candles: Candles):
    at = START + 4 * DAY
    holed = without(candles, at + 3600, at + 600)
    found = log_returns(holed, np.array([at, at + 300]), HORIZONS)
    assert np.isnan(found[0, 0])
    expected = np.log(candles.close_at(at + DAY) / candles.close_at(at))
    assert found[0, 1] == expected
    assert np.isfinite(found[1]).all()
    prices = realised_prices(holed, np.array([at]), n_steps=288)[0]
    assert np.flatnonzero(np.isnan(prices)).tolist() == [2, 12]


def test_what_lies_beyond_the_file_is_missing(candles: Candles):
    at = candles.as_of - 3600
    assert np.isnan(log_returns(candles, np.array([at]), HORIZONS)).tolist() == [[False, True]]


def test_a_piece_whose_origins_all_lack_their_candle_is_empty(candles: Candles, toy: ModuleType):
    piece = next(iter(PLAN.pieces()))
    walked = walk_one(PLAN, piece, without(candles, *range(piece.first_at, piece.end_at, 7200)), model_class=toy.Gaussian)
    assert len(walked.as_of) == 0
    assert walked.synth == ()


def test_progress_counts_every_origin(candles: Candles, toy: ModuleType):
    told: list[int] = []
    plan = dataclasses.replace(PLAN, every_s=300, n_paths=0)
    walk_one(plan, next(iter(plan.pieces())), candles, model_class=toy.Gaussian, on_progress=told.append)
    assert sum(told) == 288


def test_pieces_walked_together_say_what_each_says_alone(candles: Candles, toy: ModuleType):
    for plan in (dataclasses.replace(PLAN, n_paths=0), dataclasses.replace(PLAN, n_paths=0, train_until=START + 2 * DAY)):
        together = list(walk(plan, list(plan.pieces()), candles, model_class=toy.Gaussian))
        for piece, found in zip(plan.pieces(), together, strict=True):
            alone = walk_one(plan, piece, candles, model_class=toy.Gaussian)
            np.testing.assert_array_equal(found.as_of, alone.as_of)
            np.testing.assert_array_equal(found.quantiles, alone.quantiles)
            assert found.trained_until == alone.trained_until


def test_a_model_is_told_of_each_event_when_it_is_announced_and_not_before(candles: Candles, toy: ModuleType):
    told: list[tuple[int, int]] = []

    class Told(toy.Gaussian):
        def schedule(self, calendar: Calendar) -> None:
            super().schedule(calendar)
            told.append((self.as_of, len(calendar)))

    first = START + 3 * DAY
    announced = (0, first + 5000, first + 10 * 3600)
    events = [ScheduledEvent(START + 9 * DAY, f"kind_{i}", announced_at=at) for i, at in enumerate(announced)]
    plan = dataclasses.replace(PLAN, calendar=Calendar.of(events))
    for n_paths in (0, 20):
        told.clear()
        walk_one(dataclasses.replace(plan, n_paths=n_paths), next(iter(plan.pieces())), candles, model_class=Told)
        # The news of 10:00 and of 1:23 reach the model at the first origin from then on, before it sees the candles up to there.
        assert told == [(first, 1), (first, 2), (first + 8 * 3600, 3)]
