"""Tables of the command line, for a market whose price is far below a cent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from btcforecast.cli import ask, forecasts
from btcforecast.core import LEVELS, Distribution, Horizon, Series

SPOT = 0.001_234_567


def test_the_forecast_table_shows_small_prices(capsys: pytest.CaptureFixture[str]):
    hour = Horizon.parse("1h")
    forecast = SimpleNamespace(
        series=Series("simulated", "SATS/USD"),
        as_of=1_764_547_200,
        spot=SPOT,
        model_version="ewma@20251201T000000Z-1a2b3c4d",
        distributions={hour: Distribution(0.01 * np.log(LEVELS / (1 - LEVELS)))},
    )
    forecasts._print_forecast(cast("Any", SimpleNamespace(forecast=forecast, role="champion", sealed=None)))
    shown = capsys.readouterr().out
    assert "from 0.001234567" in shown
    assert "0.0012346" in shown


def test_the_range_shows_small_prices(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    price = SimpleNamespace(price=SPOT, standard_error=0.000_01)
    found = SimpleNamespace(words="", notes=[], model="ewma", spot=SPOT, high=price, low=price, width=price)
    monkeypatch.setattr(ask, "_asked", lambda *_: found)
    ask.price_range()
    assert "0.001234567 ± 0.000010000" in capsys.readouterr().out
