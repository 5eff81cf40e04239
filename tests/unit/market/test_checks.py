from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import Candles
from btcforecast.market.checks import NonsenseError, check_rows

START, STEP = 1_700_000_100, 300
SPAN = {"opened_from": START, "opened_before": START + 100 * STEP, "closed_by": START + 200 * STEP}


def row(k: int, close: float = 100.0) -> list[object]:
    return [(START + k * STEP) * 1000, 100.0, max(101.0, close), min(99.0, close), close, 1.5]


def opened(*rows: object, **span: int) -> list[int]:
    page = check_rows(list(rows), **{**SPAN, **span})
    return [(int(at) - START) // STEP for at in page.candles.opened_at]


def test_rows_in_any_order_come_out_oldest_first():
    assert opened(row(3), row(1), row(2)) == [1, 2, 3]


def test_the_candle_still_forming_is_left_out_and_is_no_fault():
    page = check_rows([row(0), row(1)], **{**SPAN, "closed_by": START + STEP + 299})
    assert len(page.candles) == 1
    assert page.n_rejected == {}


def test_what_was_not_asked_for_is_left_out_without_a_word():
    page = check_rows([row(-1), row(0), row(100)], **SPAN)
    assert len(page.candles) == 1
    assert page.n_rejected == {}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ([None] * 6, "unreadable"),
        ([(START + STEP) * 1000, "100", 101.0, 99.0, 100.0, 1.0], "unreadable"),
        ([(START + STEP) * 1000, math.nan, 101.0, 99.0, 100.0, 1.0], "unreadable"),
        ([(START + STEP) * 1000, True, 101.0, 99.0, 100.0, 1.0], "unreadable"),
        ([(START + STEP) * 1000, 100.0], "unreadable"),
        ("a row", "unreadable"),
        ([(START + STEP) * 1000 + 1, 100.0, 101.0, 99.0, 100.0, 1.0], "off_grid"),
        ([(START + STEP) * 1000, 100.0, 98.0, 99.0, 100.0, 1.0], "impossible"),
        ([(START + STEP) * 1000, 100.0, 101.0, -1.0, 100.0, 1.0], "impossible"),
        ([(START + STEP) * 1000, 100.0, 101.0, 99.0, 100.0, -1.0], "impossible"),
        ([(START + 900 * STEP) * 1000, 100.0, 101.0, 99.0, 100.0, 1.0], "future"),
        (row(0), "duplicate"),
    ],
)
def test_a_bad_row_is_counted_and_the_good_ones_stay(bad: object, reason: str):
    page = check_rows([row(0), row(2), row(3), bad], **SPAN)
    assert page.n_rejected == {reason: 1}
    assert len(page.candles) == 3


def test_rows_that_contradict_each_other_are_both_left_out_and_later_ones_too():
    assert opened(row(0), row(1), row(2), row(3), row(4), row(1, 100.5), row(1)) == [0, 2, 3, 4]


def test_a_missing_volume_is_none_traded():
    page = check_rows([[*row(0)[:5], None]], **SPAN)
    assert page.candles.volume.tolist() == [0.0]


@pytest.mark.parametrize("answer", ["<html>", {"a": 1}, None, 7, b"x"])
def test_what_is_no_list_is_refused(answer: object):
    with pytest.raises(NonsenseError):
        check_rows(answer, **SPAN)


def test_an_answer_that_is_mostly_wrong_is_refused_whole():
    with pytest.raises(NonsenseError, match="2 of its 3 candles are wrong"):
        check_rows([row(0), [None] * 6, [None] * 6], **SPAN)


CELL = st.one_of(
    st.none(), st.floats(), st.integers(-(10**18), 10**18), st.text(max_size=3), st.booleans(), st.lists(st.none(), max_size=2)
)
AT_MS = st.integers(-5, 110).map(lambda k: (START + k * STEP) * 1000)
GOOD = st.builds(lambda at, close: [at, 100.0, 200.0, 50.0, close, 1.0], AT_MS, st.floats(50.0, 200.0))
ROW = st.one_of(GOOD, GOOD, GOOD, st.lists(CELL, max_size=8), CELL)


@settings(deadline=None)
@given(st.lists(ROW, max_size=40))
def test_whatever_a_venue_sends_only_possible_candles_of_the_span_get_through(rows: list[object]):
    try:
        page = check_rows(rows, **SPAN)
    except NonsenseError:
        return
    assert isinstance(page.candles, Candles)  # it checked itself at birth
    assert all(SPAN["opened_from"] <= at < SPAN["opened_before"] for at in page.candles.opened_at)
    assert len(page.candles) + sum(page.n_rejected.values()) <= len(rows)
