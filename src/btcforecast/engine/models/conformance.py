"""What every model must do, as plain functions that raise AssertionError with a sentence: run them over your own model.

Give each check a `Case`: the model class, a history that it can be fitted to and the candles that follow, with a gap among them.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import HORIZONS, LEVELS, Candles, Distribution, Floats, Horizon
from btcforecast.core.candles import VALUES
from btcforecast.core.errors import TooLittleHistoryError
from btcforecast.engine.models.contract import N_STEPS, Model

PATHS_TOLERANCE: Final = 0.03
"""Largest distance between the distribution functions of 4,000 paths and of the quantiles; chance alone stays below it 99.8 % of the time."""
_N_PATHS: Final = 4000
_NEAR_AND_FAR: Final = (Horizon(300), Horizon(7200), *HORIZONS)
"""The published horizons and two others."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What a check runs on: a model class, a history long enough for it, and at least 300 candles that follow."""

    model: type[Model]
    history: Candles
    following: Candles


def check_fits_and_answers(case: Case) -> None:
    """After a fit the model knows its instant and answers every published horizon and default paths."""
    model = case.model.fit(case.history)
    assert model.as_of == model.trained_until == case.history.as_of, "After a fit, as_of is the close of the newest candle."
    assert model.spot == case.history.close[-1], "After a fit, spot is the newest close."
    assert set(model.quantiles()) == set(HORIZONS), "quantiles() answers every published horizon."
    paths = model.paths(seed=1)
    assert paths.shape == (1000, N_STEPS + 1), f"Default paths have shape (1000, 289), not {paths.shape}."
    assert np.all(paths[:, 0] == 0), "Paths begin at zero, the log return of no time."
    assert np.all(np.isfinite(paths)), "Paths are finite."
    assert model.paths(seed=1, n_paths=7, n_steps=5).shape == (7, 6), "Paths come in the number and length asked for."


def check_does_not_look_ahead(case: Case) -> None:
    """Whatever follows `as_of`, the forecast made there is the same."""
    as_of = case.history.as_of
    whole = Candles.concat([case.history, case.following])
    other = Candles.concat([case.history, _priced(case.following, 3.0)])
    first, second = case.model.fit(whole.up_to(as_of)), case.model.fit(other.up_to(as_of))
    assert fingerprint(first) == fingerprint(second), "Changing the future changed the forecast."


def check_same_seed_same_answer(case: Case) -> None:
    """Two fits to the same history, and two calls with the same seed, agree bit for bit."""
    first, second = case.model.fit(case.history), case.model.fit(case.history)
    assert fingerprint(first) == fingerprint(second), "Two fits to the same history must agree bit for bit."
    assert fingerprint(first) == fingerprint(first), "Asking twice must give the same bits; forecasting changes no state."


def check_quantiles_increase_and_widen(case: Case) -> None:
    """Quantiles increase with the level, and the central 80 % interval widens with the horizon."""
    model = case.model.fit(case.history)
    for part in (case.following[:0], case.following):
        model.observe(part)
        laws = model.quantiles()
        for horizon, law in laws.items():
            assert np.all(np.diff(law.quantiles) > 0), f"Quantiles must increase; at {horizon} they do not."
        widths = [np.subtract(*laws[horizon].interval(0.8)[::-1]) for horizon in HORIZONS]
        for (near, narrow), (far, wide) in pairwise(zip(HORIZONS, widths, strict=True)):
            assert wide > narrow, f"The forecast for {far} must be wider than for {near}."


def check_scale_free_in_price(case: Case) -> None:
    """The currency's unit does not matter: all prices a thousand times as high give the same returns."""
    plain, dear = case.model.fit(case.history), case.model.fit(_priced(case.history, 1024.0))
    for horizon, law in plain.quantiles().items():
        near = np.allclose(law.quantiles, dear.quantiles()[horizon].quantiles, rtol=1e-3, atol=1e-7)
        assert near, f"At {horizon} the forecast depends on the unit of price."


def check_tolerates_gaps(case: Case) -> None:
    """Missing candles neither stop the model nor make it forecast nonsense."""
    keep = np.ones(len(case.history), np.bool_)
    keep[len(keep) // 2 :][:400] = False
    keep[np.arange(1, len(keep) - 1, 997)] = False
    holed = _rows(case.history, keep)
    model, whole = case.model.fit(holed), case.model.fit(case.history)
    assert model.as_of == case.history.as_of, "A gap must not move as_of."
    for horizon, law in model.quantiles().items():
        ratio = np.subtract(*law.interval(0.8)) / np.subtract(*whole.quantiles()[horizon].interval(0.8))
        assert 0.5 < ratio < 2, f"A few missing candles changed the width at {horizon} by a factor of {ratio:.2f}."
    model.observe(case.following[40:200])
    model.observe(case.following[260:])
    assert model.as_of == case.following.as_of, "After a gap the model goes on with the next candle."
    assert np.all(np.isfinite(model.paths(seed=1, n_paths=10))), "After a gap paths must stay finite."


def check_refuses_too_little(case: Case) -> None:
    """Fewer candles than `min_candles` are refused with a sentence that names the model and the number needed."""
    refusal = ""
    try:
        case.model.fit(case.history[: case.model.min_candles - 1])
    except TooLittleHistoryError as e:
        refusal = str(e)
    assert refusal, "Too little history must raise TooLittleHistoryError."
    assert case.model.name in refusal, "The refusal names the model."
    assert f"{case.model.min_candles:,}" in refusal, "The refusal says how many candles are needed."


def check_fits_the_least_history(case: Case) -> None:
    """Exactly `min_candles` are enough."""
    fingerprint(case.model.fit(case.history[: case.model.min_candles]))


def check_state_survives(case: Case) -> None:
    """A model saved to disk as plain arrays and read back goes on bit for bit like one that was never saved."""
    model = case.model.fit(case.history)
    model.observe(case.following[:100])
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **model.state())
    file.seek(0)
    with np.load(file, allow_pickle=False) as saved:
        again = case.model.from_state(dict(saved))
    assert fingerprint(again) == fingerprint(model), "A model read back must forecast bit for bit as before."
    model.observe(case.following[100:])
    again.observe(case.following[100:])
    assert fingerprint(again) == fingerprint(model), "A model read back must go on bit for bit as the original does."


def check_observes_in_any_pieces(case: Case) -> None:
    """Candles observed at once, in pieces, or one by one lead to the same bits, without disturbing what `state` returned."""
    state = {name: array.copy() for name, array in case.model.fit(case.history).state().items()}
    at_once, in_pieces, one_by_one = (case.model.from_state(state) for _ in range(3))
    at_once.observe(case.following)
    for begin in range(0, len(case.following), 37):
        in_pieces.observe(case.following[begin : begin + 37])
    for row in range(len(case.following)):
        one_by_one.observe(case.following[row : row + 1])
    assert fingerprint(at_once) == fingerprint(in_pieces), "Observing in pieces must give the same bits as at once."
    assert fingerprint(at_once) == fingerprint(one_by_one), "Observing one by one must give the same bits as at once."


def check_walks_as_step_by_step(case: Case) -> None:
    """Walking over many origins gives the bits that stopping at each of them gives, and ends in the same state."""
    state = {name: array.copy() for name, array in case.model.fit(case.history).state().items()}
    walking, stopping = (case.model.from_state(state) for _ in range(2))
    closed_at = case.following.closed_at
    # Begins where the fit ended, goes on at uneven steps, and leaves a few candles after the last origin.
    rows = np.cumsum(np.arange(len(closed_at)) % 17)
    rows = np.unique(rows[rows < len(closed_at) - 5])
    walked = [walking.walk(case.following[:0], np.array([walking.as_of]), _NEAR_AND_FAR)]
    cut = int(rows[len(rows) // 2]) + 2
    for part in (case.following[:cut], case.following[cut:]):
        inside = closed_at[rows]
        inside = inside[(inside >= part.closed_at[0]) & (inside <= part.as_of)]
        walked.append(walking.walk(part, inside, _NEAR_AND_FAR))
    stopped = [_said(stopping, _NEAR_AND_FAR)]
    begin = 0
    for row in rows.tolist():
        stopping.observe(case.following[begin : row + 1])
        stopped.append(_said(stopping, _NEAR_AND_FAR))
        begin = row + 1
    stopping.observe(case.following[begin:])
    for found, expected in zip(zip(*walked, strict=True), zip(*stopped, strict=True), strict=True):
        assert np.array_equal(np.concatenate(found), np.stack(expected)), (
            "A walk must give the bits of observing and asking by turns."
        )
    assert fingerprint(walking) == fingerprint(stopping), (
        "After a walk the model must stand where observing would have brought it."
    )


def check_fits_many_as_one_by_one(case: Case) -> None:
    """Fitting at several instants in one go gives the models that fitting at each of them gives, bit for bit."""
    first = case.history[: max(case.model.min_candles, len(case.history) - 2 * N_STEPS)].as_of
    instants = [first, case.history.as_of]
    whole = Candles.concat([case.history, case.following])
    for instant, model in zip(instants, case.model.fit_many(whole, instants), strict=True):
        alone = case.model.fit(whole.up_to(instant))
        assert (model.as_of, model.trained_until) == (instant, instant), "Each model knows the instant it was fitted at."
        assert fingerprint(model) == fingerprint(alone), (
            "Fitting many times in one go must give the bits of fitting each time anew."
        )


def check_prices_are_those_of_paths(case: Case) -> None:
    """Price paths are the exponentials of the paths with the same seed, in float32, steps first."""
    model = case.model.fit(case.history)
    for n_paths, n_steps in ((1000, N_STEPS), (7, 5)):
        returns = model.paths(seed=3, n_paths=n_paths, n_steps=n_steps)
        prices = np.float32(model.spot) * np.exp(np.ascontiguousarray(returns.T, np.float32))
        found = model.price_paths(seed=3, n_paths=n_paths, n_steps=n_steps)
        assert found.dtype == np.float32, "Price paths are float32."
        assert np.array_equal(found, prices), "Price paths and paths with one seed must be the same paths."


def check_paths_agree_with_quantiles(case: Case) -> None:
    """At every horizon within a day the paths are distributed as the quantiles say, whatever their number."""
    model = case.model.fit(case.history)
    model.observe(case.following)
    laws = model.quantiles()
    paths = model.paths(seed=7, n_paths=_N_PATHS)
    for horizon in (h for h in HORIZONS if h.n_steps <= N_STEPS):
        found = distance(paths[:, horizon.n_steps], laws[horizon])
        assert found <= PATHS_TOLERANCE, f"At {horizon} paths and quantiles differ by {found:.3f}; {PATHS_TOLERANCE} is allowed."


CHECKS: Final[tuple[Callable[[Case], None], ...]] = (
    check_fits_and_answers,
    check_does_not_look_ahead,
    check_same_seed_same_answer,
    check_quantiles_increase_and_widen,
    check_scale_free_in_price,
    check_tolerates_gaps,
    check_refuses_too_little,
    check_fits_the_least_history,
    check_state_survives,
    check_observes_in_any_pieces,
    check_paths_agree_with_quantiles,
    check_prices_are_those_of_paths,
    check_walks_as_step_by_step,
    check_fits_many_as_one_by_one,
)
"""All of them, in the order in which a new model usually learns to pass."""


def distance(samples: Floats, law: Distribution) -> float:
    """Return the largest distance between the law's distribution function and that of the samples (Kolmogorov-Smirnov)."""
    expected = law.cdf(np.sort(samples))
    n = len(samples)
    above, below = np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n
    return float(max(above.max(), below.max()))


def fingerprint(model: Model) -> bytes:
    """Return the bytes of everything that a model answers and remembers."""
    laws = b"".join(law.quantiles.tobytes() for law in model.quantiles().values())
    state = b"".join(name.encode() + np.asarray(array).tobytes() for name, array in sorted(model.state().items()))
    assert len(LEVELS) * 8 * len(HORIZONS) == len(laws), "Every published quantile is there."
    return laws + model.paths(seed=3, n_paths=64).tobytes() + state


def _said(model: Model, horizons: tuple[Horizon, ...]) -> tuple[Floats, Floats]:
    laws, variances = model.quantiles(horizons), model.variances(horizons)
    assert variances.shape == (len(horizons),), "There is one variance for each horizon."
    assert np.all(variances > 0), "A variance is positive."
    return np.array([laws[horizon].quantiles for horizon in horizons]), variances


def _priced(candles: Candles, factor: float) -> Candles:
    prices = {name: getattr(candles, name) * factor for name in ("open", "high", "low", "close")}
    return Candles(opened_at=candles.opened_at, volume=candles.volume, **prices)


def _rows(candles: Candles, keep: NDArray[np.bool_]) -> Candles:
    return Candles(candles.opened_at[keep], *(getattr(candles, name)[keep] for name in VALUES))
