from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import HORIZONS, Horizon, Interval, Series, from_rfc3339, parse_span, to_rfc3339
from btcforecast.core.errors import InputError


@given(st.integers(0, 4_000_000_000))
def test_instants_survive_the_way_through_text(at: int):
    assert from_rfc3339(to_rfc3339(at)) == at


@pytest.mark.parametrize(("text", "seconds"), [("5m", 300), ("24h", 86400), ("30d", 2_592_000)])
def test_spans_are_read(text: str, seconds: int):
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "h", "0h", "-1h", "1.5h", "5 m", "1w"])
def test_a_span_that_is_none_is_named_in_the_error(text: str):
    with pytest.raises(InputError, match=f"“{text}”"):
        parse_span(text)


def test_horizons_and_intervals_are_written_as_they_are_read():
    assert [str(h) for h in HORIZONS] == ["1h", "4h", "12h", "24h", "3d", "7d", "30d"]
    assert [str(Interval.parse(t)) for t in ("5m", "1h", "1d")] == ["5m", "1h", "1d"]
    assert Horizon.parse("1d") == Horizon.parse("24h")


@pytest.mark.parametrize(
    ("venue", "symbol"), [("Coinbase", "BTC/USD"), ("kraken", "btc/usd"), ("kraken", "BTCUSD"), ("", "BTC/USD")]
)
def test_a_series_needs_a_venue_and_a_symbol(venue: str, symbol: str):
    with pytest.raises(InputError):
        Series(venue, symbol)
