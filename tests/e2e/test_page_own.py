"""What somebody does with the things of their own in a real browser: keys, sessions, address, codes; and what closed services say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyotp
import pytest
from account_service import AccountService
from page_browser import EVERY_LOOK, Visit, check_page, check_shown, require_tools
from page_server import served
from test_page_account import age_sessions, at_account, log_in

from btcforecast.accounts.roles import RoleName

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NEW = "a lantern under nine blue bridges"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> AccountService:
    require_tools()
    found = AccountService(tmp_path_factory.mktemp("own"))
    found.add("look@example.org", RoleName.ADMINISTRATOR)
    return found


@pytest.fixture(scope="module")
def address(service: AccountService) -> Iterator[str]:
    with served(service.folder, MAIL_URL=f"file:{service.folder}/mail") as found:
        yield found.replace("127.0.0.1", "localhost")


def test_a_key_is_rotated_with_overlap_and_revoked(visit: Visit, service: AccountService):
    from playwright.sync_api import expect

    service.add("keys@example.org")
    page = visit.page

    def status(key: str) -> int:
        return page.request.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).status

    def shown_once() -> str:
        key = page.get_by_role("status").locator("code").first.inner_text()
        page.get_by_role("button", name="I have kept it").click()
        return key

    log_in(page, "keys@example.org")
    at_account(page)
    page.get_by_label("Name of the key").fill("ticker")
    page.get_by_label("See your account").check()
    page.get_by_role("button", name="Make a key").click()
    first = shown_once()
    page.get_by_role("button", name="Rotate ticker").click()
    second = shown_once()
    assert first != second
    expect(page.get_by_role("cell", name="A key was rotated")).to_be_visible()
    lines = page.get_by_role("list", name="Your keys").get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.filter(has_text="replaced")).to_have_count(1)
    assert (status(first), status(second)) == (200, 200)
    new = lines.filter(has_not_text="replaced")
    new.get_by_role("button", name="Revoke ticker").click()
    new.get_by_role("button", name="Keep it").click()
    assert status(second) == 200
    new.get_by_role("button", name="Revoke ticker").click()
    new.get_by_role("button", name="Revoke ticker now").click()
    expect(lines).to_have_count(1)
    assert (status(first), status(second)) == (200, 401)


def test_one_session_is_ended_from_another(page: Page, service: AccountService, browser: Browser, address: str):
    from playwright.sync_api import expect

    service.add("twice@example.org")
    other = browser.new_context(base_url=address).new_page()
    log_in(other, "twice@example.org")
    at_account(other)
    log_in(page, "twice@example.org")
    at_account(page)
    page.get_by_role("button", name="End the session of").click()
    expect(page.get_by_role("button", name="End the session of")).to_have_count(0)
    other.reload()
    expect(other.get_by_role("heading", name="Log in")).to_be_visible()
    other.context.close()
    page.reload()
    at_account(page)


def test_an_address_changes_when_both_letters_were_followed(page: Page, service: AccountService):
    from playwright.sync_api import expect

    service.add("before@example.org")
    log_in(page, "before@example.org")
    at_account(page)
    page.get_by_label("Another address of mail").fill("after@example.org")
    page.get_by_role("button", name="Change the address").click()
    expect(page.get_by_role("status").filter(has_text="both addresses")).to_be_visible()
    page.goto(service.link("confirm_new_address", "after@example.org"))
    page.get_by_role("button", name="Confirm").click()
    expect(
        page.get_by_text("The address changes when the link in the letter to the other address was opened, too.")
    ).to_be_visible()
    page.goto("about:blank")
    page.goto(service.link("address_change_asked", "before@example.org"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("The new address counts from now on.")).to_be_visible()
    page.context.clear_cookies()
    log_in(page, "after@example.org")
    at_account(page)


def test_a_link_that_was_used_says_so(visit: Visit, service: AccountService):
    from playwright.sync_api import expect

    page = visit.page
    page.goto("/signup")
    page.get_by_label("Address of mail").fill("once@example.org")
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("status").get_by_text("A letter is on its way")).to_be_visible()
    link = service.link("verify_address", "once@example.org")
    page.goto(link)
    page.get_by_role("button", name="Begin the account").click()
    expect(page.get_by_text("has begun")).to_be_visible()
    page.goto("about:blank")
    page.goto(link)
    page.get_by_role("button", name="Begin the account").click()
    expect(page.get_by_role("alert")).to_contain_text("does not count any more")


def test_a_code_of_an_app_is_asked_for_and_a_wrong_one_said(visit: Visit, service: AccountService):
    from playwright.sync_api import expect

    service.add("codes@example.org")
    page = visit.page
    log_in(page, "codes@example.org")
    at_account(page)
    page.get_by_role("button", name="Set up an app").click()
    app = pyotp.TOTP(page.get_by_label("Key for the app").inner_text().replace(" ", ""))
    page.get_by_role("textbox", name="Code", exact=True).fill(app.now())
    page.get_by_role("button", name="Turn it on").click()
    page.get_by_role("button", name="I have kept it").click()
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    log_in(page, "codes@example.org")
    code = page.get_by_role("textbox", name="Code", exact=True)
    right = app.at(int(time.time()) + 30)
    code.fill("000000" if right != "000000" else "111111")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_be_visible()
    # The code that set the app up is spent; a clock that is half a minute fast shows the next.
    code.fill(right)
    page.get_by_role("button", name="Continue").click()
    at_account(page)


def test_an_operator_sees_people_and_changes_none(page: Page, service: AccountService):
    from playwright.sync_api import expect

    service.add("shift@example.org", RoleName.OPERATOR)
    service.add("seen@example.org")
    log_in(page, "shift@example.org")
    at_account(page)
    page.goto("/admin/people")
    expect(page.get_by_text("seen@example.org")).to_be_visible()
    expect(page.get_by_role("combobox", name="Role of seen@example.org")).to_have_count(0)
    expect(page.get_by_label("Role of the new person")).to_have_count(0)
    page.goto("/admin/audit")
    expect(page.get_by_role("heading", name="This is not for your role")).to_be_visible()


def test_a_service_that_is_closed_or_sends_no_mail_says_so(browser: Browser, service: AccountService):
    from playwright.sync_api import expect

    with served(service.folder, REGISTRATION="closed", MAIL_URL="") as found:
        context = browser.new_context(base_url=found.replace("127.0.0.1", "localhost"))
        page = context.new_page()
        page.goto("/login")
        expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Sign up")).to_have_count(0)
        expect(page.get_by_role("link", name="Forgotten your password?")).to_have_count(0)
        page.goto("/signup")
        expect(page.get_by_text("administrator")).to_be_visible()
        expect(page.get_by_label("Password", exact=True)).to_have_count(0)
        page.goto("/forgotten")
        expect(
            page.get_by_text("No mail can be sent from here. An administrator can set a new password for you.")
        ).to_be_visible()
        context.close()


@EVERY_LOOK
def test_pages_for_links_and_the_dialog_are_accessible_and_fit(visit: Visit, service: AccountService):
    from playwright.sync_api import expect

    page = visit.page
    # Pages for links are built alike, but for the one that asks for a password.
    for path in ("/confirm-address", f"/unlock#token={'x' * 43}", f"/reset#token={'x' * 43}"):
        check_page(page, path)
    log_in(page, "look@example.org")
    at_account(page)
    age_sessions(service)
    page.goto("about:blank")
    page.goto("/account")
    at_account(page)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("dialog", name="Confirm that it is you")).to_be_visible()
    check_shown(page)
