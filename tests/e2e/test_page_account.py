"""The account pages in a real browser: signing up, logging in, everything of one's own, and the unhappy ways (issue 4, section 5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
from account_service import PASSWORD, AccountService
from page_browser import DESKTOP, EVERY_LOOK, Visit, check_page, require_tools
from page_server import served

from btcforecast.accounts.roles import RoleName

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

NEW = "a lantern under nine blue bridges"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> AccountService:
    require_tools()
    found = AccountService(tmp_path_factory.mktemp("accounts"))
    found.add("ada@example.org")
    found.add("root@example.org", RoleName.ADMINISTRATOR)
    found.add("look@example.org", RoleName.ADMINISTRATOR)
    return found


@pytest.fixture(scope="module")
def address(service: AccountService) -> Iterator[str]:
    with served(service.folder, MAIL_URL=f"file:{service.folder}/mail") as found:
        yield found.replace("127.0.0.1", "localhost")


def log_in(page: Page, email: str = "ada@example.org", password: str = PASSWORD) -> None:
    page.goto("/login")
    page.get_by_label("Address of mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def at_account(page: Page) -> None:
    from playwright.sync_api import expect

    expect(page.get_by_role("heading", name="API keys")).to_be_visible()


def test_a_newcomer_signs_up_makes_a_key_uses_it_and_deletes_the_account(visit: Visit, service: AccountService, address: str):
    from playwright.sync_api import expect

    page = visit.page

    page.goto("/signup")
    page.get_by_label("Address of mail").fill("new@example.org")
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("status").get_by_text("A letter is on its way to new@example.org")).to_be_visible()

    page.goto(service.link("verify_address", "new@example.org"))
    expect(page).to_have_url(f"{address}/verify")
    page.get_by_role("button", name="Begin the account").click()
    page.get_by_role("status").get_by_role("link", name="Log in").click()
    page.get_by_label("Address of mail").fill("new@example.org")
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Grace")).to_be_visible()

    page.get_by_label("Name of the key").fill("laptop")
    page.get_by_label("See your account").check()
    page.get_by_role("button", name="Make a key").click()
    key = page.get_by_role("status").locator("code").first.inner_text()
    assert key.startswith("btcf_")
    asked = page.request.get("/v1/me", headers={"Authorization": f"Bearer {key}"})
    assert asked.json()["person"]["name"] == "Grace"
    page.get_by_role("button", name="I have kept it").click()
    assert key not in page.content()
    expect(page.get_by_role("list", name="Your keys").get_by_text("laptop")).to_be_visible()
    expect(page.get_by_text("of 1,200 left, a minute")).to_be_visible()

    page.get_by_label("Type new@example.org to delete it").fill("new@example.org")
    page.get_by_role("button", name="Delete my account").click()
    expect(page).to_have_url(f"{address}/")
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    assert page.request.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).status == 401
    # There are no forecasts in this service, which the first page asks for.
    assert [said for said in visit.complaints if "404" not in said] == []


def test_what_is_wrong_with_a_sign_up_is_said_beside_its_field(visit: Visit):
    from playwright.sync_api import expect

    page = visit.page
    page.goto("/signup")
    page.get_by_label("Address of mail").fill("new@example.org")
    page.get_by_label("Password", exact=True).fill("qwertyuiopasdfghjkl")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("This password is easily guessed")).to_be_visible()


def test_a_wrong_password_is_said_and_read_out(visit: Visit):
    from playwright.sync_api import expect

    log_in(visit.page, password="wrong but long enough")
    alert = visit.page.get_by_role("alert")
    expect(alert).to_contain_text("The address or the password is wrong.")
    expect(alert).to_be_focused()


def test_a_locked_address_is_told_when_to_try_again_and_unlocked_by_its_link(visit: Visit, service: AccountService):
    from playwright.sync_api import expect

    service.add("locked@example.org")
    page = visit.page
    for _ in range(5):
        log_in(page, "locked@example.org", "wrong but long enough")
        expect(page.get_by_role("alert")).to_be_visible()
    log_in(page, "locked@example.org")
    expect(page.get_by_role("alert")).to_contain_text("Try again in a minute")
    page.goto(service.link("account_locked", "locked@example.org"))
    page.get_by_role("button", name="Unlock it").click()
    expect(page.get_by_text("Log-ins are possible again.")).to_be_visible()
    log_in(page, "locked@example.org")
    at_account(page)


def test_a_link_that_was_used_or_cut_off_says_so(visit: Visit):
    from playwright.sync_api import expect

    page = visit.page
    page.goto("/verify#token=" + "x" * 43)
    page.get_by_role("button", name="Begin the account").click()
    expect(page.get_by_role("alert")).to_contain_text("does not count any more")
    for path in ("/verify", "/reset", "/unlock", "/confirm-address#token=short"):
        page.goto("about:blank")
        page.goto(path)
        expect(page.get_by_text("This page belongs to a link in a letter.")).to_be_visible()


def test_a_forgotten_password_is_replaced_by_a_link(page: Page, service: AccountService):
    from playwright.sync_api import expect

    service.add("forgetful@example.org")
    page.goto("/forgotten")
    page.get_by_label("Address of mail").fill("forgetful@example.org")
    page.get_by_role("button", name="Send a link").click()
    expect(page.get_by_text("A letter is on its way")).to_be_visible()
    page.goto(service.link("reset_password", "forgetful@example.org"))
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("status")).to_contain_text("Your new password counts")
    log_in(page, "forgetful@example.org", NEW)
    at_account(page)


def test_a_page_of_ones_own_leads_to_the_log_in_and_back_and_survives_a_reload(page: Page, address: str):
    from playwright.sync_api import expect

    page.goto("/account")
    expect(page).to_have_url(f"{address}/login?to=%2Faccount")
    page.get_by_label("Address of mail").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(f"{address}/account")
    for _ in range(3):
        page.reload()
        at_account(page)
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "eyJ" not in stored
    assert "btcr_" not in stored
    assert "btcr_" not in page.evaluate("document.cookie")


def test_a_reload_that_comes_before_the_answer_ends_no_session(page: Page, service: AccountService):
    import sqlite3

    log_in(page)
    at_account(page)
    writer = sqlite3.connect(service.folder / "page.db", isolation_level=None)
    # While somebody else writes, the server keeps the refresh waiting, and the page is left meanwhile.
    writer.execute("BEGIN IMMEDIATE")
    with page.expect_request("**/v1/auth/refresh"):
        page.evaluate("location.reload()")
    page.reload()
    # Long enough for a page that does not wait to have sent the token that is being spent a second time.
    page.wait_for_timeout(1500)
    writer.execute("ROLLBACK")
    writer.close()
    at_account(page)
    page.reload()
    at_account(page)


def test_one_wrong_password_in_the_dialog_is_one_failure(visit: Visit, service: AccountService):
    from playwright.sync_api import expect

    service.add("clumsy@example.org")
    page = visit.page
    log_in(page, "clumsy@example.org")
    at_account(page)
    age_sessions(service)
    page.reload()
    at_account(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/auth/confirm") else None)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change the password").click()
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    dialog.get_by_label("Password", exact=True).fill("wrong but long enough")
    dialog.get_by_role("button", name="Confirm", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert len(asked) == 1


def test_two_tabs_share_a_session_and_leave_it_together(context: BrowserContext):
    from playwright.sync_api import expect

    one, other = context.new_page(), context.new_page()
    log_in(one)
    at_account(one)
    other.goto("/account")
    at_account(other)
    # Each reload spends a refresh token; a spent one that comes back would end the session.
    for tab in (one, other, one, other):
        tab.reload(wait_until="commit")
    at_account(one)
    at_account(other)
    one.get_by_role("button", name="Log out", exact=True).click()
    expect(other.get_by_role("heading", name="Log in")).to_be_visible()


def test_logging_out_everywhere_ends_another_browser(browser: Browser, address: str, page: Page):
    from playwright.sync_api import expect

    with browser.new_context(base_url=address, viewport=DESKTOP) as elsewhere:
        other = elsewhere.new_page()
        log_in(other)
        at_account(other)
        log_in(page)
        at_account(page)
        expect(page.get_by_text("Chrome on Linux").first).to_be_visible()
        page.get_by_role("button", name="Log out everywhere").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        other.reload()
        expect(other.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_session_that_is_not_recent_is_asked_for_the_password_before_it_may(visit: Visit, service: AccountService):
    from playwright.sync_api import expect

    service.add("stale@example.org")
    page = visit.page
    log_in(page, "stale@example.org")
    at_account(page)
    age_sessions(service)
    # With another access token, what was known of the session a moment ago is looked up anew.
    page.reload()
    at_account(page)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change the password").click()
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    dialog.get_by_label("Password", exact=True).fill("wrong but long enough")
    dialog.get_by_role("button", name="Confirm", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is not the password of your account.")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.get_by_text("Your new password counts.")).to_be_visible()


def test_a_second_factor_is_set_up_asked_for_and_got_around_with_a_recovery_code(page: Page, service: AccountService):
    from playwright.sync_api import expect

    service.add("careful@example.org")
    log_in(page, "careful@example.org")
    at_account(page)
    page.get_by_role("button", name="Set up an app").click()
    secret = page.get_by_label("Key for the app").inner_text().replace(" ", "")
    page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn it on").click()
    codes = page.get_by_role("status").locator("code").inner_text().split("\n")
    assert len(codes) == 10
    page.get_by_role("button", name="I have kept it").click()
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    log_in(page, "careful@example.org")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()


def test_a_passkey_is_added_and_logs_in_by_itself(page: Page, service: AccountService, context: BrowserContext):
    from playwright.sync_api import expect

    service.add("keyless@example.org")
    protocol = context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    log_in(page, "keyless@example.org")
    at_account(page)
    page.get_by_label("Name of the passkey").fill("this laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("list", name="Your passkeys").get_by_text("this laptop")).to_be_visible()
    page.get_by_role("button", name="Log out", exact=True).click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name="Keyless")).to_be_visible()
    page.get_by_role("button", name="Remove the passkey this laptop").click()
    expect(page.get_by_role("list", name="Your passkeys")).to_have_count(0)


AUTHENTICATOR: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_ones_data_are_saved_as_a_file(page: Page, tmp_path: Path):
    log_in(page)
    at_account(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save my data").click()
    waiting.value.save_as(tmp_path / "mine.json")
    found = json.loads((tmp_path / "mine.json").read_text())
    assert found["person"]["email"] == "ada@example.org"
    assert found["events"]


def test_an_administrator_finds_changes_and_deletes_people(page: Page, service: AccountService):
    from playwright.sync_api import expect

    service.add("wanted@example.org")
    log_in(page, "root@example.org")
    at_account(page)
    page.get_by_role("link", name="People").click()
    page.get_by_label("Address or name").fill("wanted")
    people = page.get_by_role("list", name="People")
    expect(people.get_by_role("listitem")).to_have_count(1)
    people.get_by_role("button", name="Change Wanted").click()
    people.get_by_label("Role of Wanted").select_option("analyst")
    expect(people.get_by_text("wanted@example.org, analyst")).to_be_visible()
    people.get_by_label("Plan of Wanted").select_option("pro")
    expect(people.get_by_text("plan pro")).to_be_visible()
    people.get_by_role("button", name="Disable").click()
    expect(people.get_by_text("disabled", exact=True)).to_be_visible()
    people.get_by_role("button", name="Delete", exact=True).click()
    people.get_by_role("button", name="Delete Wanted for good").click()
    expect(page.get_by_text("There is nobody like that.")).to_be_visible()
    page.get_by_label("Address of mail").fill("invited@example.org")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("status").get_by_text("invited@example.org was added.")).to_be_visible()
    assert service.link("invited", "invited@example.org").startswith("/reset#token=")


def test_the_audit_log_is_searched_and_saved(page: Page, tmp_path: Path):
    from playwright.sync_api import expect

    log_in(page, "root@example.org")
    at_account(page)
    page.get_by_role("link", name="Audit log").click()
    page.get_by_label("Action").fill("session.started")
    page.get_by_role("button", name="Search").click()
    rows = page.get_by_role("region", name="Entries of the audit log").locator("tbody tr")
    expect(rows.first).to_contain_text("Somebody logged in")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save all of it").click()
    waiting.value.save_as(tmp_path / "audit.jsonl")
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["seq"] == 0


def test_who_may_not_see_people_is_told_so(page: Page):
    from playwright.sync_api import expect

    log_in(page)
    at_account(page)
    expect(page.get_by_role("link", name="People")).to_have_count(0)
    page.goto("/admin/audit")
    expect(page.get_by_role("heading", name="This is not for your role")).to_be_visible()


@EVERY_LOOK
def test_account_pages_are_accessible_fit_and_keep_to_the_policy(page: Page):
    for path in ("/login", "/signup", "/forgotten", "/reset", "/verify"):
        check_page(page, path)
    log_in(page, "look@example.org")
    at_account(page)
    for path in ("/account", "/admin/people", "/admin/audit"):
        check_page(page, path)


def age_sessions(service: AccountService) -> None:
    """Make all sessions ones in which nobody has proved who they are for an hour."""
    import sqlite3

    with sqlite3.connect(service.folder / "page.db") as connection:
        connection.execute("UPDATE sessions SET authenticated_at = authenticated_at - 3600")
    connection.close()
