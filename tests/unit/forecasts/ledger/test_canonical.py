import json
import math

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from btcforecast.core.errors import InputError, IntegrityError
from btcforecast.forecasts.ledger.canonical import canonical_json, parse_canonical

numbers = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
words = st.text(st.characters(exclude_categories=("Cs",)))
returns = st.floats(-1, 1).map(lambda value: round(value, 7))
values = st.recursive(
    st.none() | st.booleans() | integers | numbers | words | st.lists(returns, max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(words, inner, max_size=5),
    max_leaves=20,
)


@given(values)
@example([1e-5, -1.5e-05, 1e-6, 9.9e-7, -1e-06, 1.25e-06, 123456.0, -0.0, 1e16, 1e20, 1e21, 5e-324, 0.0001, 9.999999e-05])
@example([0.0, -0.0, 10.0, -100.0, 0.5, -0.0000010, 0.0000009])
@example([0.0, -0.0, 10.0, -100.0, 0.5, -0.0000010, 1.0000001])
@example([1e300, 1.0])
@example([0.25, 0, -3, 1e-5, 1.0])
@example([0.25, True, None])
@example({"\U0001f600": 1, "￿": 2, "é": 3, '\x00\x1f\x7f"\\': 4})
def test_bytes_are_those_of_the_reference_implementation(value: object):
    assert canonical_json(value) == rfc8785.dumps(value)


@given(values)
def test_value_survives_the_round_trip(value: object):
    text = canonical_json(value)

    assert canonical_json(parse_canonical(text)) == text


def test_names_are_in_order_and_nothing_is_between():
    assert canonical_json({"b": [1, 2.5, 1e-5], "a": "é\n"}) == '{"a":"é\\n","b":[1,2.5,0.00001]}'.encode()


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, [1.0, math.nan], [1, math.nan, 0.5], [1.5, 2**53], 2**53, {1: 2}, {"a": b"x"}, "\ud800", {"\ud800": 1}],
)
def test_what_json_cannot_say_is_refused(value: object):
    with pytest.raises(InputError, match="canonical JSON"):
        canonical_json(value)


@pytest.mark.parametrize(
    "text",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b"[1.0]",
        b"[1e2]",
        b"[-0]",
        b"[NaN]",
        b"[1e999]",
        b'["\\u00e9"]',
        b"[",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_bytes_in_another_form_are_refused(text: bytes):
    with pytest.raises(IntegrityError):
        parse_canonical(text)


def test_a_forecast_of_many_quantiles_reads_back_as_it_was():
    quantiles = [round((i - 52) * 3.1e-6, 7) for i in range(105)]

    assert json.loads(canonical_json({"1h": quantiles})) == {"1h": quantiles}
