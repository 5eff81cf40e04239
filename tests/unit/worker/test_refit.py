"""Which models the worker fits anew."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from btcforecast import __version__
from btcforecast.core import ManualClock, Series
from btcforecast.worker import work as module
from btcforecast.worker.work import Work

NOW = 1_764_547_200
DAY = 86400


@pytest.mark.parametrize(
    ("version", "is_due"),
    [
        (None, True),
        (SimpleNamespace(trained_until=NOW - DAY + 300, code_version=__version__), False),
        (SimpleNamespace(trained_until=NOW - DAY, code_version=__version__), True),
        # Another release may keep its state in another form.
        (SimpleNamespace(trained_until=NOW - 300, code_version="0.0.1"), True),
    ],
)
async def test_a_model_is_due_when_its_newest_version_is_missing_old_or_of_another_release(
    version: object, monkeypatch: pytest.MonkeyPatch, *, is_due: bool
):
    fitted: list[str] = []

    async def fit(_database: Any, _registry: Any, _series: Series, names: list[str], **_more: Any) -> list[Any]:
        fitted.extend(names)
        return []

    async def done(*_args: Any) -> None:
        pass

    monkeypatch.setattr(module, "fit_models", fit)
    work = SimpleNamespace(
        clock=ManualClock(NOW),
        settings=SimpleNamespace(refit_every="1d"),
        issuer=SimpleNamespace(roles=SimpleNamespace(models=("garch",))),
        registry=SimpleNamespace(newest=lambda _model, _series: version),
        series=Series("kraken", "BTC/USD"),
        database=None,
        _follow_reign=done,
        _check_served=done,
    )
    await Work.refit_due(cast("Work", work))
    assert fitted == (["garch"] if is_due else [])
