from __future__ import annotations

import pytest

from btcforecast.market.faults import Answer

NOW = 1_445_412_480  # Wed, 21 Oct 2015 07:28:00 GMT


def fault(status: int, body: str = "{}", **headers: str):
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body).fault(now=NOW)


def test_data_is_no_fault():
    assert fault(200) is None
    assert fault(200, " [1]") is None
    # The body says what was wrong with the request.
    assert fault(400) is None


@pytest.mark.parametrize(
    ("status", "kind"), [(418, "banned"), (429, "rate_limited"), (451, "geo_blocked"), (503, "server_error")]
)
def test_the_status_tells_the_kind(status: int, kind: str):
    assert fault(status).kind == kind


@pytest.mark.parametrize("text", ["120", "Wed, 21 Oct 2015 07:30:00 GMT"])
def test_retry_after_is_read_in_seconds_and_as_a_date(text: str):
    assert fault(429, retry_after=text).stay_away_s == 120


@pytest.mark.parametrize("text", ["soon", "", "-5"])
def test_a_retry_after_that_cannot_be_read_is_none(text: str):
    assert fault(429, Retry_After=text).stay_away_s is None


def test_a_ban_lasts_ten_minutes_at_least():
    assert fault(418, retry_after="3").stay_away_s == 600


@pytest.mark.parametrize("body", ["<html>", "", "Service unavailable"])
def test_a_page_is_no_data_whatever_its_status(body: str):
    assert fault(200, body).kind == "not_data"


def test_the_date_is_the_venues_clock():
    assert Answer(200, {"date": "Wed, 21 Oct 2015 07:28:00 GMT"}, "").dated_at == NOW
    assert Answer(200, {"Date": "yesterday"}, "").dated_at is None
