"""The page while the gate moves: what is said when a forecast is kept back or another model stands in, and how it got there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from gated_service import GatedService, gated_service
from page_browser import EVERY_LOOK, Visit, check_page, require_tools, settle

sync_api = pytest.importorskip("playwright.sync_api")
Page, expect = sync_api.Page, sync_api.expect

SERVED = "What is served"
NO_FORECAST = "No forecast is served now."
STATEMENT = re.compile("^In 24 hours, 80")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedService]:
    """A service whose gate has moved before."""
    require_tools()
    with gated_service(tmp_path_factory.mktemp("gated")) as started:
        started.enter("suspended")
        yield started


@pytest.fixture(scope="module")
def address(service: GatedService) -> str:
    return service.address


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("suspended", "Over 30 days the 90 % interval of day_paths at 1h held"),
        ("withheld", "The newest candle closed 0 minutes before"),
    ],
)
def test_forecast_that_is_kept_back_vanishes_without_reloading_and_comes_back(
    page: Page, service: GatedService, state: str, reason: str
):
    service.enter("open")
    page.goto("/")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(STATEMENT)
    service.enter(state)
    expect(heading).to_have_text(NO_FORECAST)
    told = page.get_by_role("region", name="State of the gate")
    expect(told).to_contain_text(re.compile(rf"{state.capitalize()} since .* UTC: no forecast is served\."))
    expect(told).to_contain_text(reason)
    expect(page.get_by_role("note", name="Simulated market")).to_contain_text(reason)
    expect(page.get_by_role("region", name="Newest price")).to_be_visible()
    told.get_by_role("link", name="What the gate looks at").click()
    expect(page.get_by_role("region", name=SERVED, exact=True)).to_contain_text(reason)
    page.goto("/")
    expect(heading).to_have_text(NO_FORECAST)
    service.enter("open")
    expect(heading).to_have_text(STATEMENT)
    expect(told).to_have_count(0)


def test_forecast_of_the_stand_in_is_marked(page: Page, service: GatedService):
    service.enter("demoted")
    page.goto("/")
    told = page.get_by_role("region", name="State of the gate")
    expect(told).to_contain_text(re.compile("Demoted since .* UTC: EWMA is served in place of the champion, Day paths."))
    expect(told).to_contain_text("The scale of day_paths is 9.00 times its 90-day mean")
    expect(told).to_contain_text("if its own checks hold then")
    expect(page.get_by_role("heading", level=1)).to_have_text(STATEMENT)
    expect(page.get_by_role("region", name="The seal")).to_contain_text("EWMA")


def test_gate_that_closes_between_two_questions_is_told_like_any_other(visit: Visit, service: GatedService):
    service.enter("suspended")
    page = visit.page

    def say_open(route: sync_api.Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "gate": "open"})

    page.route("**/v1/status", say_open)
    with page.expect_response("**/v1/forecasts/latest") as refused:
        page.goto("/")
    assert refused.value.status == 503
    expect(page.get_by_role("heading", level=1)).to_have_text(NO_FORECAST)


def test_measures_stand_in_groups_with_their_limits(page: Page, service: GatedService):
    service.enter("suspended")
    page.goto("/models")
    table = page.get_by_role("region", name="Measures of the gate")
    for group in ("Inputs", "What the champion says of itself", "The champion’s score", "Coverage of the 90 % interval"):
        expect(table.get_by_role("rowheader", name=group, exact=True)).to_be_visible()
    expect(
        table.get_by_role("row", name=re.compile(r"^Champion, 1h ahead outside 100\.0\s% 0\.0\s% to 1\.0\s% 8 of 1 needed$"))
    ).to_be_visible()
    expect(
        table.get_by_role("row", name=re.compile(r"^Age of the newest candle holds 8 seconds at most 10 minutes –$"))
    ).to_be_visible()
    expect(
        table.get_by_role("row", name=re.compile("^Mean CRPS ÷ GARCH-t’s not judged yet – at most 1.0000 0 of 1 needed$"))
    ).to_be_visible()


def test_change_of_the_gate_leads_to_its_proof(page: Page, service: GatedService):
    service.enter("open")
    service.enter("suspended")
    page.goto("/models")
    change = page.get_by_role("region", name="Newest changes of the gate").get_by_role("row").nth(1)
    expect(change).to_have_text(re.compile("open ?suspended ?nothing"))
    change.get_by_role("link", name=re.compile("^Verify ledger entry")).click()
    expect(page).to_have_url(re.compile(r"/ledger\?origin=live&seq=\d+$"))
    expect(page.get_by_role("textbox", name=re.compile("^The entry"))).to_have_value(
        re.compile('"served_model":null.*"state":"suspended".*"kind":"gate"')
    )
    page.get_by_role("button", name="Verify in this browser").click()
    expect(page.get_by_text("Verified: this entry is in the ledger, unchanged.")).to_be_visible()


def test_promotion_and_rollback_are_told_with_their_reasons(page: Page):
    page.goto("/models")
    table = page.get_by_role("region", name="Promotions and rollbacks")
    expect(table.get_by_role("row").nth(1)).to_contain_text("Too wide since Monday.")
    forced = table.get_by_role("row").nth(2)
    expect(forced).to_contain_text("promotion forced")
    # Whoever writes a reason cannot write into the page.
    expect(forced).to_contain_text("It was <b>narrower</b> in May.")
    roles = page.get_by_role("region", name="Models of every cycle")
    expect(roles.get_by_role("row", name=re.compile("^Day paths champion day_paths@"))).to_be_visible()
    expect(roles.get_by_role("row", name=re.compile("^EWMA fallback ewma@"))).to_be_visible()


def test_drift_is_shown_by_window_and_the_window_is_in_the_address(page: Page):
    page.goto("/models")
    panel = page.get_by_role("region", name="Drift", exact=True)
    expect(panel.get_by_role("radio", name="30 days")).to_be_checked()
    hour = panel.get_by_role("region", name="Drift of calibration").get_by_role("row", name=re.compile("^1h "))
    expect(hour).to_contain_text(re.compile(r"0\.\d{3}.*88$"))
    panel.get_by_text("7 days", exact=True).click()
    expect(page).to_have_url(re.compile("window=7d"))
    page.reload()
    expect(panel.get_by_role("radio", name="7 days")).to_be_checked()
    expect(panel.get_by_role("region", name="Drift of skill").get_by_role("row", name=re.compile("^1h EWMA "))).to_be_visible()
    expect(panel).to_contain_text("Missing candles")


def test_failing_part_of_the_models_page_leaves_the_others(visit: Visit):
    page = visit.page
    page.route("**/v1/drift", lambda route: route.fulfill(status=400, json={"detail": "Out for lunch."}))
    page.goto("/models")
    expect(page.get_by_role("region", name="Drift", exact=True).get_by_role("alert")).to_contain_text("Out for lunch.")
    expect(page.get_by_role("region", name="Measures of the gate")).to_be_visible()
    page.unroute("**/v1/drift")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="Drift of calibration")).to_be_visible()


def test_live_questions_have_a_record(page: Page):
    page.goto("/record?origin=live&horizon=1h")
    figures = page.get_by_role("region", name="Sealed questions in figures")
    expect(figures.get_by_role("row", name=re.compile(r"^Ends above 48 in 8 cycles 0\.\d+ "))).to_be_visible()


def test_card_shows_held_out_scores_and_warns(page: Page):
    page.goto("/models")
    page.get_by_role("link", name=re.compile("^day_paths@")).click()
    expect(page.get_by_role("heading", level=1, name="Day paths")).to_be_visible()
    expect(page.get_by_role("note", name="Warning")).to_have_text("The history is short.")
    scores = page.get_by_role("region", name="Held-out scores")
    expect(scores.get_by_role("row", name=re.compile(r"^1h 22\.5 50\.1\s% – – – 720$"))).to_be_visible()


@EVERY_LOOK
def test_pages_are_accessible_and_fit_while_nothing_is_served_and_while_another_model_is(page: Page, service: GatedService):
    service.enter("suspended")
    for path in ("/", "/models", "/record?origin=live&horizon=1h"):
        check_page(page, path)
    service.enter("demoted")
    settle(page)
    check_page(page, "/")
