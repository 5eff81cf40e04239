"""How the tests of the page look at it: windows, what they complain about, and what every page has to keep to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT: Final = Path(__file__).parents[2]
CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE: Final = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
NEEDED: Final = (
    (CHROMIUM, "install it with: apt-get install chromium"),
    (ROOT / "src" / "btcforecast" / "web" / "static" / "index.html", "build the page with: python hatch_build.py"),
    (AXE, "install the page’s packages with: python hatch_build.py check"),
)
DESKTOP: Final[Any] = {"width": 1280, "height": 900}
PHONE: Final[Any] = {"width": 390, "height": 844}
EVERY_LOOK: Final = pytest.mark.parametrize(
    "context",
    [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)],
    ids=["light-desktop", "dark-desktop", "light-phone", "dark-phone"],
    indirect=True,
)


def require_tools() -> None:
    """Skip, or fail in CI, where something is missing that the tests of the page need."""
    for needed, remedy in NEEDED:
        if not needed.is_file():
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{needed.name} is missing; {remedy}")


class Visit:
    """A page, and everything that it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


def settle(page: Page) -> None:
    """Wait until nothing is loading any more."""
    from playwright.sync_api import expect

    expect(page.locator("main h1, main h2").first).to_be_visible()
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)


def check_page(page: Page, path: str) -> None:
    """Open the page and check that it keeps to its policy, has no serious fault of accessibility and fits the window."""
    response = page.goto(path)
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    settle(page)
    check_shown(page)


def check_shown(page: Page) -> None:
    """Check that what is shown now has no serious fault of accessibility and fits the window."""
    path = page.url
    # The policy forbids scripts from elsewhere; the checker comes through the debugger, which it does not bind.
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    serious = [
        f"{path}: {fault['id']} at {node['target']}: {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
