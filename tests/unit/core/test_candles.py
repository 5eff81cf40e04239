from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import BASE, Candles, Interval
from btcforecast.core.errors import InvalidCandlesError


def candles(opened_at: list[int], seed: int = 0) -> Candles:
    rng = np.random.default_rng(seed)
    n = len(opened_at)
    open_, close = 100 + rng.random(n), 100 + rng.random(n)
    high, low = np.maximum(open_, close) + rng.random(n), np.minimum(open_, close) - rng.random(n)
    return Candles(np.array(opened_at), open_, high, low, close, rng.random(n))


grids = st.sets(st.integers(0, 2000), min_size=1, max_size=200).map(lambda rows: [300 * row for row in sorted(rows)])


@given(grids, st.integers(-300, 700_000))
def test_up_to_and_since_split_history_without_loss_or_overlap(opened_at: list[int], as_of: int):
    history = candles(opened_at)
    known = history.up_to(as_of)
    later = history[len(known) :]
    assert np.all(known.closed_at <= as_of)
    assert np.all(later.closed_at > as_of)
    assert Candles.concat([known, later]).digest() == history.digest()


@given(grids)
def test_missing_and_present_candles_make_the_whole_grid(opened_at: list[int]):
    history = candles(opened_at)
    whole = np.union1d(history.opened_at, history.missing())
    assert np.array_equal(whole, np.arange(opened_at[0], opened_at[-1] + 1, 300))


@given(grids, st.sampled_from(["15m", "1h", "1d"]))
def test_resampled_candles_hold_the_extremes_and_volume_of_their_parts(opened_at: list[int], width: str):
    history, interval = candles(opened_at), Interval.parse(width)
    derived = history.resample(interval)
    for row in range(len(derived)):
        start = int(derived.opened_at[row])
        part = history.since(start).up_to(start + interval.seconds)
        assert derived.high[row] == part.high.max()
        assert derived.low[row] == part.low.min()
        assert derived.open[row] == part.open[0]
        assert derived.close[row] == part.close[-1]
        assert derived.volume[row] == pytest.approx(part.volume.sum())


def test_an_unfinished_bucket_does_not_appear():
    assert len(candles([0, 300, 600]).resample(Interval.parse("15m"))) == 1
    assert len(candles([0, 300]).resample(Interval.parse("15m"))) == 0


def test_close_at_answers_only_for_the_exact_instant():
    history = candles([0, 300, 900])
    assert history.close_at(600) == history.close[1]
    assert history.close_at(900) is None
    assert history.close_at(601) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"opened_at": [0, 0]}, "strictly increasing"),
        ({"opened_at": [0, 301]}, "grid"),
        ({"high": [1.0, 1.0]}, "highest"),
        ({"low": [-1.0, 99.0]}, "positive"),
        ({"close": [np.nan, 100.0]}, "finite"),
        ({"volume": [-1.0, 1.0]}, "not negative"),
        ({"volume": [1.0]}, "length"),
    ],
)
def test_contradictory_candles_are_refused(change: dict[str, list[float]], sentence: str):
    columns = {
        "opened_at": [0, 300],
        "open": [100.0] * 2,
        "high": [101.0] * 2,
        "low": [99.0] * 2,
        "close": [100.0] * 2,
        "volume": [1.0] * 2,
    }
    with pytest.raises(InvalidCandlesError, match=sentence):
        Candles(**{name: np.array(values) for name, values in (columns | change).items()}, interval=BASE)


def test_columns_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        candles([0]).close[0] = 1.0
