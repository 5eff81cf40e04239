"""What a log line may hold."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from btcforecast.telemetry.logs import configure_logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_logged_exception_does_not_tell_local_variables(*, as_json: bool):
    stream = io.StringIO()
    configure_logs(level="ERROR", as_json=as_json, stream=stream)
    address = "postgresql://user:hunter2@host"
    try:
        int("x" * len(address))
    except ValueError:
        logging.getLogger("test").exception("test.failed")

    assert "ValueError" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("token", "left"),
    [
        ("btcf_BmOKXKYAF12Y_1NP1wyPligZAwIeKIWzMZxoeEZNWd1FX_0Sdgju", "btcf_…"),
        ("btcr_x3-Kq_abcdefghijklmnop", "btcr_…"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwXzEifQ.c2lnbmF0dXJl", "eyJ…"),
    ],
)
def test_a_token_is_masked_wherever_it_stands(*, as_json: bool, token: str, left: str):
    stream = io.StringIO()
    configure_logs(level="INFO", as_json=as_json, stream=stream)
    logging.getLogger("test").info("asked for /v1/models/%s", token, extra={"path": f"/{token}"})
    try:
        {}[token]
    except KeyError:
        logging.getLogger("test").exception("test.failed")
    assert token[-8:] not in stream.getvalue()
    assert left in stream.getvalue().replace("\\u2026", "…")
