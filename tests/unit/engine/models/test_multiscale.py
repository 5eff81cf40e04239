"""What the champion asks of a history."""

from __future__ import annotations

import numpy as np
import pytest

from btcforecast.core import HORIZONS, Candles
from btcforecast.core.errors import InputError, TooLittleHistoryError
from btcforecast.engine.models.multiscale import MultiScaleVolatility

START = 1_700_000_100 // 300 * 300


def history(n_days: int, *, missing: float = 0.0) -> Candles:
    """Candles of a market whose liveliness comes and goes, some of them missing here and there."""
    rng = np.random.default_rng(1)
    n = n_days * 288
    lively = np.exp(np.convolve(rng.standard_normal(n), np.exp(-np.arange(600) / 200), "same") / 15)
    close = 100 * np.exp(np.cumsum(0.001 * lively * rng.standard_t(5, n)))
    opens = np.concatenate(([100.0], close[:-1]))
    keep = np.flatnonzero(rng.random(n) >= missing)
    high, low = np.maximum(opens, close) * 1.0002, np.minimum(opens, close) / 1.0002
    columns = (START + 300 * np.arange(n), opens, high, low, close, np.ones(n))
    return Candles(*(column[keep] for column in columns))


def test_a_tenth_of_the_candles_may_be_missing():
    model = MultiScaleVolatility.fit(history(220, missing=0.08))
    widths = [law.quantiles[-1] for law in model.quantiles(HORIZONS).values()]
    assert np.all(np.diff(widths) > 0)
    # A day is about √24 hours wide, not hardly wider than half a day.
    assert 3 < widths[3] / widths[0] < 7
    assert np.all(np.isfinite(model.paths(seed=1)))


@pytest.mark.parametrize("missing", [0.2, 0.35])
def test_a_history_full_of_holes_is_refused_with_what_to_do(missing: float):
    with pytest.raises(
        InputError, match=r"nine in ten of their candles; of this history's only \d+ % have\. Import what is missing"
    ):
        MultiScaleVolatility.fit(history(320, missing=missing))


def test_less_than_180_days_are_refused_in_days():
    with pytest.raises(TooLittleHistoryError, match=r"51,840 candles, which is 180 days of five minutes, .* 179\.0 days"):
        MultiScaleVolatility.fit(history(179))
