"""How paths are made: anchored to the quantiles, drawn from the library, simulated by GARCH."""

from __future__ import annotations

import numpy as np
import pytest

from btcforecast.core import HORIZONS, Distribution
from btcforecast.engine.models.anchoring import anchor_paths
from btcforecast.engine.models.conformance import distance
from btcforecast.engine.models.garch import Garch
from btcforecast.engine.models.laws import GRID, GRID_STEPS, Laws, distribution_at, widening
from btcforecast.engine.models.library import build_library, draw, on_grid

DAY = HORIZONS[:4]


def laws_of_a_day(scale: float) -> dict:
    laws = Laws.of(np.zeros(len(GRID)), np.ones(len(GRID)), np.full(len(GRID), 4.0))
    spreads = widening(laws.widths(scale * np.sqrt(GRID_STEPS)))
    return {horizon: distribution_at(spreads, horizon) for horizon in DAY}


def raw_paths(n: int, seed: int = 1) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(0, 0.001, (288, n))
    return np.concatenate((np.zeros((1, n)), np.cumsum(steps, axis=0)))


def slow_anchor(raw: np.ndarray, laws: dict[object, Distribution], clock: np.ndarray) -> np.ndarray:
    """One path, one step at a time."""
    moved = raw.copy()
    n = raw.shape[1]
    knots = [0, *(horizon.n_steps for horizon in DAY)]
    for path in range(n):
        shifts = [0.0]
        for horizon in DAY:
            values = list(raw[horizon.n_steps])
            rank = sum(value < values[path] for value in values)
            shifts.append(float(laws[horizon].quantile((rank + 0.5) / n)) - values[path])
        for step in range(1, len(raw)):
            moved[step, path] += np.interp(clock[step], clock[knots], shifts)
    return moved


def test_anchoring_equals_its_slow_twin():
    raw, laws = raw_paths(40), laws_of_a_day(0.0013)
    clock = np.concatenate(([0.0], np.cumsum(np.random.default_rng(2).random(288) + 0.1)))
    assert np.allclose(anchor_paths(raw.copy(), laws, clock), slow_anchor(raw, laws, clock), atol=1e-12)


def test_anchored_paths_are_the_quantiles_in_the_raw_order():
    raw, laws = raw_paths(1000), laws_of_a_day(0.0013)
    moved = anchor_paths(raw.copy(), laws, np.arange(289.0))
    for horizon in DAY:
        step = horizon.n_steps
        assert distance(moved[step], laws[horizon]) < 0.001
        assert np.array_equal(np.argsort(moved[step]), np.argsort(raw[step]))


@pytest.fixture(scope="module")
def days() -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.standard_t(4, (1500, 288)) * np.exp(0.4 * rng.standard_normal((1500, 1)))


def test_every_lead_of_the_library_has_the_pooled_law_of_its_group(days: np.ndarray):
    library = build_library(days)
    expected = np.quantile(np.abs(days[:, 216:288]), (np.arange(500) + 0.5) / 500)
    assert np.allclose(np.sort(np.abs(library[250])), expected, rtol=1e-5)


def test_the_library_keeps_which_days_are_lively(days: np.ndarray):
    size = np.abs(build_library(days)).mean(axis=0)
    assert np.corrcoef(size, np.arange(500))[0, 1] > 0.9


def test_days_with_missing_candles_are_used_only_when_needed(days: np.ndarray):
    holed = days.copy()
    holed[:1200, 100:140] = np.nan
    assert np.all(np.isfinite(build_library(holed)))


@pytest.mark.parametrize("n_paths", [2, 7, 1000, 1001, 2500])
def test_any_number_of_paths_is_drawn_beside_mirror_images(days: np.ndarray, n_paths: int):
    drawn = np.full((288, n_paths), np.nan)
    draw(build_library(days), drawn, np.random.default_rng(1), scales=np.ones(288))
    assert drawn.shape == (288, n_paths)
    if n_paths % 2 == 0:
        assert np.allclose(np.sort(drawn[0]), -np.sort(drawn[0])[::-1])


def test_missing_candles_are_holes_in_the_grid():
    assert np.array_equal(on_grid(np.array([600, 900, 1500]), np.array([1.0, 2, 3])), [1, 2, np.nan, 3], equal_nan=True)


def test_the_expected_variance_of_garch_equals_the_recursion_of_its_expectation():
    process = Garch(300, 1e-7, 0.1, 0.85, 6.0, 5e-6)
    variance, total = process.variance, 0.0
    for _ in range(48):
        total += variance
        variance = process.omega + (process.alpha + process.beta) * variance
    assert np.isclose(process.ahead(process.variance, 48.0), total)


def test_simulated_garch_has_the_expected_variance_and_no_drift():
    process = Garch(300, 1e-7, 0.05, 0.9, 8.0, 5e-6)
    paths = process.simulate(20_000, np.random.default_rng(4)).sum(axis=0)
    assert abs(paths.mean()) < 1e-12
    assert np.isclose(paths.var(), process.ahead(process.variance, 288.0), rtol=0.05)
