"""How prices are said: large ones to the cent, small ones to seven digits."""

from __future__ import annotations

import pytest

from btcforecast.core import said_price


@pytest.mark.parametrize(
    ("price", "said"),
    [
        (1e12, "1,000,000,000,000"),
        (95_123.456, "95,123.46"),
        (95_123.5, "95,123.5"),
        (100_000, "100,000"),
        (1.25, "1.25"),
        (0.01, "0.01"),
        (0.001, "0.001"),
        (0.000_012_345_678, "0.00001234568"),
        (1e-9, "0.000000001"),
    ],
)
def test_a_price_of_any_size_keeps_its_leading_digits(price: float, said: str):
    assert said_price(price) == said


def test_a_loss_is_said_to_the_decimals_of_the_price_that_it_is_a_part_of():
    assert said_price(1_234.567, beside=95_000.0) == "1,234.57"
    assert said_price(0.000_012_345_678, beside=0.0012) == "0.000012346"
    assert said_price(0, beside=95_000.0) == "0"
