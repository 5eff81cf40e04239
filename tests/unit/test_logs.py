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
