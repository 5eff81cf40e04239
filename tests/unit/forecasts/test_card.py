"""Model cards: what they say of data, of scores on what was not seen, and of too little history."""

from __future__ import annotations

import numpy as np
import pytest

from btcforecast.core import NO_EVENTS, Candles
from btcforecast.engine.backtest.held_out import held_out
from btcforecast.engine.models.catalogue import load_model
from btcforecast.forecasts.card import card_of, warnings_of

DAY = 288


def candles(n_days: int) -> Candles:
    rng = np.random.default_rng(1)
    opened_at = 1_735_689_600 + 300 * np.arange(n_days * DAY, dtype=np.int64)
    close = 50_000 * np.exp(np.cumsum(1e-3 * rng.standard_t(5, len(opened_at))))
    start = np.concatenate(([50_000.0], close[:-1]))
    return Candles(opened_at, start, np.maximum(start, close), np.minimum(start, close), close, np.ones(len(close)))


def test_a_card_tells_data_and_scores_of_what_was_not_seen():
    history = candles(120)
    holed = Candles.concat([history[:1000], history[1288:]])
    card = card_of(load_model("ewma"), holed, calendar=NO_EVENTS, with_scores=True)
    assert card["data"] == {"n_candles": 119 * DAY, "missing_percent": pytest.approx(100 / 120, abs=1e-3), "n_events": 0}
    assert card["warnings"] == []
    hour = card["held_out"]["horizons"][0]
    assert (hour["horizon"], card["held_out"]["scored_until"]) == ("1h", "2025-05-01T00:00:00Z")
    assert hour["n"] == 719
    assert 40 < hour["coverage"]["50"] < 60


def test_a_history_too_short_to_hold_anything_out_has_no_scores():
    model = load_model("ewma")
    assert held_out(model, candles(60), calendar=NO_EVENTS) == ()
    assert "held_out" not in card_of(model, candles(60), calendar=NO_EVENTS, with_scores=True)


def test_too_little_history_is_said_with_what_to_do():
    [warning] = warnings_of(load_model("multiscale"), candles(200))
    assert "200 days" in warning
    assert "Import or ingest more history" in warning
    assert warnings_of(load_model("ewma"), candles(60)) == []
