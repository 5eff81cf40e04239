"""The page in a real browser, served by the real server with its real content security policy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_server import seed, served

sync_api = pytest.importorskip("playwright.sync_api")
Browser, BrowserContext, Page, expect = sync_api.Browser, sync_api.BrowserContext, sync_api.Page, sync_api.expect

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
STATIC = ROOT / "src" / "btcforecast" / "web" / "static" / "index.html"
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = ("/", "/record?origin=replayed", "/record", "/ledger?origin=replayed&seq=3", "/about", "/nowhere")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a seeded service."""
    for needed, remedy in (
        (CHROMIUM, "install it with: apt-get install chromium"),
        (STATIC, "build the page with: python hatch_build.py"),
        (AXE, "install the page’s packages with: python hatch_build.py check"),
    ):
        if not needed.is_file():
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{needed.name} is missing; {remedy}")
    folder = tmp_path_factory.mktemp("page")
    seed(folder)
    with served(folder) as url:
        yield url


# Not for the session: while it lives, the browser's driver keeps an event loop running, and asynchronous tests need their own.
@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    assert address
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


class Visit:
    """A page, and everything that it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


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


def settle(page: Page) -> None:
    """Wait until nothing is loading any more."""
    expect(page.locator("main h1, main h2").first).to_be_visible()
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)


def test_forecast_is_a_sentence_that_follows_the_chosen_horizon(page: Page):
    page.goto("/")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"^In 24 hours, 80\s% of outcomes lie between \$[\d,]+ and \$[\d,]+\.$"))
    day = heading.inner_text()
    page.get_by_role("radiogroup", name="Horizon").get_by_text("7d", exact=True).click()
    expect(heading).to_have_text(re.compile("^In 7 days, 80"))
    page.get_by_role("radiogroup", name="Share of outcomes").get_by_text("95", exact=False).click()
    expect(heading).to_have_text(re.compile("^In 7 days, 95"))
    assert heading.inner_text() != day
    expect(page.get_by_role("img", name=re.compile("^Candles up to"))).to_be_visible()
    expect(page.get_by_role("region", name="All horizons in figures").get_by_role("row")).to_have_count(8)


def test_simulated_prices_cannot_be_mistaken_for_real_ones(page: Page):
    for path in PAGES:
        page.goto(path)
        expect(page.get_by_role("note", name="Simulated market")).to_contain_text("None of it is the price of Bitcoin")


def test_live_price_arrives_over_the_stream(page: Page):
    page.goto("/")
    price = page.get_by_role("region", name="Newest price")
    expect(price).to_contain_text(re.compile(r"\$[\d,]+\.\d\d"))
    expect(price).to_contain_text("simulated")


@pytest.mark.parametrize("kind", ["ends above", "touches"])
def test_questions_are_answered(page: Page, kind: str):
    page.goto("/")
    box = page.get_by_role("region", name="What is the probability that it …")
    box.get_by_text(kind, exact=True).click()
    box.get_by_role("button", name="Ask").click()
    answer = box.get_by_role("status")
    expect(answer).to_contain_text(re.compile(r"\d\s%that the price " + kind))
    if kind == "touches":
        expect(answer).to_contain_text(re.compile(r"counted over \d+ simulated paths"))


def test_refused_question_says_why(visit: Visit):
    page = visit.page
    page.goto("/")
    box = page.get_by_role("region", name="What is the probability that it …")
    box.get_by_label("At", exact=True).select_option("other")
    box.get_by_label("Time, UTC").fill("2020-01-01T00:00")
    box.get_by_role("button", name="Ask").click()
    expect(box.get_by_role("alert")).to_contain_text("has passed")
    expect(box.get_by_role("button", name="Try again")).to_be_visible()


def test_track_record_keeps_origins_apart(page: Page):
    page.goto("/record?origin=replayed&horizon=4h")
    expect(page.get_by_role("heading", name="Skill against each baseline")).to_be_visible()
    expect(page.get_by_role("region", name="Skill in figures").get_by_role("row", name=re.compile("Random walk"))).to_be_visible()
    expect(page.locator("main")).to_contain_text("Computed later from history")
    expect(page.get_by_role("region", name="Settled forecasts").first.get_by_role("row").nth(1)).to_contain_text("side")
    page.get_by_role("radiogroup", name="Origin").get_by_text("Live", exact=True).click()
    expect(page.get_by_role("heading", name="No live forecast has been settled yet.")).to_be_visible()
    assert "origin=live" in page.url


def test_settled_forecasts_are_loaded_page_by_page(page: Page):
    page.goto("/record?origin=replayed&horizon=1h")
    table = page.get_by_role("region", name="Settled forecasts").first
    expect(table.get_by_role("row")).to_have_count(21)
    page.get_by_role("button", name="Show older forecasts").click()
    expect(table.get_by_role("row")).to_have_count(25)


def test_inclusion_is_verified_in_the_browser_and_a_change_is_found(page: Page):
    page.goto("/ledger?origin=replayed&seq=3")
    page.get_by_role("button", name="Verify in this browser").click()
    expect(page.get_by_text("Verified: this entry is in the ledger, unchanged.")).to_be_visible()
    checks = page.get_by_role("listitem").filter(has_text="Passed:")
    expect(checks).to_have_count(4)
    expect(checks.last).to_contain_text("Ed25519")

    text = page.get_by_role("textbox", name=re.compile("^The entry"))
    text.fill(text.input_value().replace("2", "3", 1))
    page.get_by_role("button", name="Verify in this browser").click()
    expect(page.get_by_text("Not verified: this is not what was sealed.")).to_be_visible()


def test_another_entrys_text_does_not_verify(page: Page):
    page.goto("/ledger?origin=replayed&seq=3")
    text = page.get_by_role("textbox", name=re.compile("^The entry"))
    other = text.input_value()
    page.get_by_label(re.compile("^Number of the entry")).fill("4")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(text).not_to_have_value(other)
    text.fill(other)
    page.get_by_role("button", name="Verify in this browser").click()
    expect(page.get_by_text("Not verified: this is not what was sealed.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("this calls itself entry 3")


def test_colours_follow_the_system_until_chosen(page: Page):
    root = page.locator("html")
    page.goto("/")
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")
    page.get_by_role("button", name="Switch to dark colours").click()
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")


def test_keyboard_alone_reaches_and_changes_everything(page: Page):
    page.goto("/")
    settle(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="24h")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^In 12 hours"))
    price = page.get_by_label(re.compile("^This price"))
    price.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("1000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="What is the probability that it …").get_by_role("status")).to_contain_text(
        "under 0.1"
    )


def test_address_inside_the_page_can_be_opened_directly_or_not_at_all(page: Page):
    page.goto("/ledger")
    expect(page.get_by_role("heading", name="Ledger", exact=True)).to_be_visible()
    page.goto("/nowhere")
    expect(page.get_by_role("heading", name="There is no such page.")).to_be_visible()


def test_failure_is_said_and_tried_again(visit: Visit):
    page = visit.page
    page.route("**/v1/track-record*", lambda route: route.fulfill(status=400, json={"detail": "Out for lunch."}))
    page.goto("/record")
    expect(page.get_by_role("alert")).to_contain_text("Out for lunch.")
    page.unroute("**/v1/track-record*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="No live forecast has been settled yet.")).to_be_visible()


@pytest.mark.parametrize(
    "context",
    [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)],
    ids=["light-desktop", "dark-desktop", "light-phone", "dark-phone"],
    indirect=True,
)
def test_every_page_is_accessible_fits_and_keeps_to_the_policy(page: Page, context: BrowserContext):
    # The policy forbids scripts from elsewhere; the checker comes through the debugger, which it does not bind.
    axe = AXE.read_text()
    for path in PAGES:
        response = page.goto(path)
        assert response is not None
        policy = response.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        settle(page)
        page.evaluate(axe)
        found = page.evaluate("axe.run()")
        serious = [
            f"{path}: {fault['id']} at {node['target']}: {node['failureSummary']}"
            for fault in found["violations"]
            if fault["impact"] in {"serious", "critical"}
            for node in fault["nodes"]
        ]
        assert serious == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    assert context.pages
