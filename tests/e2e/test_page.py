"""The page in a real browser, served by the real server with its real content security policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from page_browser import EVERY_LOOK, Visit, check_page, require_tools, settle
from page_server import seed, served

sync_api = pytest.importorskip("playwright.sync_api")
Page, expect = sync_api.Page, sync_api.expect

PAGES = ("/", "/record?origin=replayed", "/record", "/models", "/ledger?origin=replayed&seq=3", "/about", "/nowhere")
QUESTION = "What is the probability that it …"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a seeded service."""
    require_tools()
    folder = tmp_path_factory.mktemp("page")
    seed(folder)
    with served(folder) as url:
        yield url


def card_of_champion(page: Page) -> str:
    """Return the address of the card of the version that is served."""
    champion = page.request.get("/v1/models").json()["models"][0]
    assert champion["role"] == "champion"
    return f"/models/{champion['serving_version']}"


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


@pytest.mark.parametrize("kind", ["ends above", "ends between", "touches"])
def test_questions_are_answered(page: Page, kind: str):
    page.goto("/")
    box = page.get_by_role("region", name=QUESTION)
    box.get_by_text(kind, exact=True).click()
    box.get_by_role("button", name="Ask").click()
    answer = box.get_by_role("status")
    expect(answer).to_contain_text(re.compile(r"\d\s%that the price " + kind))
    if kind == "touches":
        expect(answer).to_contain_text(re.compile(r"counted over \d+ simulated paths"))


def test_question_reaches_thirty_days_and_any_time_within(page: Page):
    page.goto("/")
    box = page.get_by_role("region", name=QUESTION)
    box.get_by_label("At", exact=True).select_option("30d")
    box.get_by_role("button", name="Ask").click()
    expect(box.get_by_role("status")).to_contain_text(re.compile(r"\d\s%that the price ends above"))
    box.get_by_label("At", exact=True).select_option("other")
    at = datetime.now(UTC) + timedelta(days=20)
    box.get_by_label("Time, UTC, up to 30 days ahead").fill(f"{at:%Y-%m-%d}T12:00")
    box.get_by_role("button", name="Ask").click()
    expect(box.get_by_role("status")).to_contain_text(f"{at.day} {at:%b %Y}, 12:00 UTC.")


def test_question_between_asks_for_prices_in_their_order(page: Page):
    page.goto("/")
    box = page.get_by_role("region", name=QUESTION)
    box.get_by_text("ends between", exact=True).click()
    box.get_by_label("From this price, in USD").fill("900000")
    expect(box).to_contain_text("Write a price above the first one.")
    box.get_by_role("button", name="Ask").click()
    expect(box.get_by_role("status")).to_contain_text("The answer comes from the newest forecast")


def test_range_risk_and_first_passage_are_told_with_a_drawing_and_its_figures(page: Page):
    page.goto("/")
    panel = page.get_by_role("region", name="Range and risk")
    panel.get_by_label("Up to").select_option("3d")
    panel.get_by_role("button", name="Work it out").click()
    ranged = panel.get_by_role("region", name="Range in figures")
    expect(ranged.get_by_role("row", name=re.compile(r"^Highest [\d,]+ ±[\d,.]+ [\d,]+ – [\d,]+$"))).to_be_visible()
    risk = panel.get_by_role("region", name="Risk in figures")
    expect(risk.get_by_role("row", name=re.compile(r"^Held 95\s% [\d,]+ [\d,]+$"))).to_be_visible()
    expect(panel.get_by_role("img", name=re.compile(r"^Probability that \$[\d,]+ has been touched"))).to_be_visible()
    panel.get_by_text("First touch in figures").click()
    touched = panel.get_by_role("region", name="First touch in figures")
    expect(touched.get_by_role("row").last).to_have_text(re.compile(r"\d, \d\d:\d\d UTC[\d.]+\s%±\d\.\d\s%$"))


def test_failed_part_of_the_answer_leaves_the_others(visit: Visit):
    page = visit.page
    page.route("**/v1/risk*", lambda route: route.fulfill(status=400, json={"detail": "Out for lunch."}))
    page.goto("/")
    panel = page.get_by_role("region", name="Range and risk")
    panel.get_by_role("button", name="Work it out").click()
    expect(panel.get_by_role("alert")).to_contain_text("Out for lunch.")
    expect(panel.get_by_role("region", name="Range in figures")).to_be_visible()
    page.unroute("**/v1/risk*")
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("region", name="Risk in figures")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/about"])
def test_no_direction_is_claimed(page: Page, path: str):
    page.goto(path)
    expect(page.locator("main")).to_contain_text("the laws are symmetric and free of drift")


def test_refused_question_says_why(visit: Visit):
    page = visit.page
    page.goto("/")
    box = page.get_by_role("region", name=QUESTION)
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


def test_sealed_questions_have_a_record_of_their_own(page: Page):
    page.goto("/record?origin=replayed&horizon=24h")
    panel = page.get_by_role("region", name="Sealed questions", exact=True)
    figures = panel.get_by_role("region", name="Sealed questions in figures")
    expect(figures.get_by_role("row", name=re.compile(r"^Ends above \d+ in \d+ cycles 0\.\d+ "))).to_contain_text("Random walk")
    expect(figures.get_by_role("row", name=re.compile("^Touches "))).to_be_visible()
    expect(panel.get_by_role("img", name=re.compile("^Ends between: stated against observed share"))).to_be_visible()
    panel.get_by_text("Ends above in figures").click()
    expect(panel.get_by_role("row", name=re.compile(r"^90\s% to 100\s% "))).to_be_visible()
    page.get_by_role("radiogroup", name="Origin").get_by_text("Live", exact=True).click()
    expect(panel).to_contain_text("No sealed question has been answered yet.")


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


def test_models_page_says_what_has_not_happened_yet(page: Page):
    page.goto("/models")
    expect(page.get_by_role("region", name="What is served", exact=True)).to_contain_text(
        "Open from the start: the champion, EWMA, is served."
    )
    expect(page.locator("main")).to_contain_text("The gate has been open from the start.")
    expect(page.locator("main")).to_contain_text("EWMA has always reigned; nothing was ever promoted.")
    expect(page.get_by_role("region", name="Drift", exact=True)).to_contain_text("No live forecast has fallen due")


def test_model_card_is_one_step_from_forecast_and_models(page: Page):
    page.goto("/models")
    table = page.get_by_role("region", name="Models of every cycle")
    version = table.get_by_role("row", name=re.compile("^EWMA champion ")).get_by_role("link")
    name = version.inner_text()
    version.click()
    expect(page.get_by_role("heading", level=1, name="EWMA")).to_be_visible()
    card = page.locator("main")
    expect(card).to_contain_text(name)
    made = page.get_by_role("region", name="Made from")
    expect(made).to_contain_text("BTC/USD at Simulated market")
    expect(made).to_contain_text(re.compile(r"20,\d\d\d, five minutes each"))
    expect(page.get_by_role("region", name="Scores on days that it had not seen")).to_contain_text("the history was too short")
    expect(page.get_by_role("region", name="Its limits").get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("region", name="When not to use it").get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("region", name="Signed manifest", exact=True)).to_contain_text("btcforecast/models")
    page.goto("/")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1, name="EWMA")).to_be_visible()


def test_unknown_version_is_said_to_be_unknown(visit: Visit):
    page = visit.page
    page.goto("/models/ewma@20200101T000000Z-00000000")
    expect(page.get_by_role("heading", name="There is no such version.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("ewma@20200101T000000Z-00000000")
    page.locator("main").get_by_role("link", name="models page").click()
    expect(page.get_by_role("heading", level=1, name="Models")).to_be_visible()


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
    expect(page.get_by_role("region", name=QUESTION).get_by_role("status")).to_contain_text("under 0.1")


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


@EVERY_LOOK
def test_every_page_is_accessible_fits_and_keeps_to_the_policy(page: Page):
    for path in (*PAGES, card_of_champion(page)):
        check_page(page, path)
