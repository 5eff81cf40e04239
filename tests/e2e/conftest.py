"""Candles and browser windows that several of these tests use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from page_browser import ARGUMENTS, CHROMIUM, DESKTOP, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

START = 1735689600
DAY = 86400


@pytest.fixture(scope="session")
def candle_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty days of five-minute candles from 2025-01-01, with two missing."""
    rng = np.random.default_rng(0)
    n = 30 * 288
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, n)))
    opened = np.r_[90_000, close[:-1]]
    at = START + 300 * np.arange(n)
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(at * 1_000_000).cast(pl.Datetime("us", "UTC")),
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
            "volume": np.ones(n),
        }
    ).filter(~pl.Series(np.isin(at + 300, [START + 6 * DAY, START + 12 * DAY + 1800])))
    path = tmp_path_factory.mktemp("candles") / "candles.parquet"
    frame.write_parquet(path)
    return path


# Not for the session: while it lives, the browser's driver keeps an event loop running, and asynchronous tests need their own.
@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    """A browser; each module of tests brings the `address` of a service of its own."""
    from playwright.sync_api import sync_playwright

    assert address
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A window; parameters: colour scheme and size."""
    scheme, size = getattr(request, "param", ("light", DESKTOP))
    opened = browser.new_context(base_url=address, color_scheme=scheme, viewport=size, reduced_motion="reduce")
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


@pytest.fixture
def visit(context: BrowserContext) -> Visit:
    return Visit(context.new_page())


@pytest.fixture
def page(visit: Visit) -> Iterator[Page]:
    """A page that must end without complaints: no violation of the policy, no error, no warning."""
    yield visit.page
    assert visit.complaints == []
