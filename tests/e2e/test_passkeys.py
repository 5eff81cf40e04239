"""Passkeys in a real browser with its virtual authenticator, against the real service (USR-4)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from page_browser import CHROMIUM
from page_server import environment, served

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.login.passwords import Passwords
from btcforecast.accounts.people import add_person
from btcforecast.core import SystemClock
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, CDPSession, Page

PASSWORD = "seven herons cross a copper river"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
ASK = """async ([method, path, body, token]) => {
    const headers = {"Content-Type": "application/json", ...(token ? {Authorization: `Bearer ${token}`} : {})};
    const found = await fetch(`/v1/${path}`, {method, headers, body: body && JSON.stringify(body)});
    return {status: found.status, body: found.status === 204 ? null : await found.json()};
}"""
CREATE = """async (options) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return (await navigator.credentials.create({publicKey})).toJSON();
}"""
GET = """async (options) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return (await navigator.credentials.get({publicKey})).toJSON();
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not CHROMIUM.is_file():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("chromium is missing; install it with: apt-get install chromium")
    folder = tmp_path_factory.mktemp("passkeys")
    asyncio.run(_add_ada(folder))
    with served(folder) as found:
        yield found.replace("127.0.0.1", "localhost")


async def _add_ada(folder: Path) -> None:
    database, passwords, now = Database(environment(folder)["DATABASE_URL"]), Passwords(), SystemClock().now()
    await database.migrate()
    password_hash = await passwords.hash(PASSWORD)
    async with database.transaction() as connection:
        person = await add_person(connection, email="ada@example.org", name="Ada", actor=Actor("command line"), at=now)
        await PeopleStore(connection).change(person.id, password_hash=password_hash, email_verified_at=now)
    passwords.close()
    await database.close()


class Browser:
    """A window of the service with an authenticator, and Ada in front of it."""

    def __init__(self, page: Page, protocol: CDPSession) -> None:
        self.page, self.protocol, self.token = page, protocol, ""
        self.authenticator = self._send("addVirtualAuthenticator", options=AUTHENTICATOR)["authenticatorId"]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.page.evaluate(ASK, [method, path, body, self.token])

    def log_in(self) -> None:
        found = self.ask("POST", "auth/login", {"email": "ada@example.org", "password": PASSWORD})
        self.token = found["body"]["session"]["access_token"]

    def add_passkey(self, name: str) -> Any:
        asked = self.ask("POST", "me/passkeys/options")["body"]
        credential = self.page.evaluate(CREATE, asked["options"])
        return self.ask("POST", "me/passkeys", {"token": asked["token"], "name": name, "credential": credential})

    def log_in_with_passkey(self) -> Any:
        self.token = ""
        asked = self.ask("POST", "auth/passkey/options")["body"]
        credential = self.page.evaluate(GET, asked["options"])
        return self.ask("POST", "auth/passkey/login", {"token": asked["token"], "credential": credential})

    def stored(self) -> list[Any]:
        """Return what the authenticator holds."""
        found: list[Any] = self._send("getCredentials", authenticatorId=self.authenticator)["credentials"]
        return found

    def verify_user(self, *, succeeds: bool) -> None:
        self._send("setUserVerified", authenticatorId=self.authenticator, isUserVerified=succeeds)

    def replace_counter(self, count: int) -> None:
        """Put the one passkey back as a copy would have it."""
        (held,) = self.stored()
        self._send("removeCredential", authenticatorId=self.authenticator, credentialId=held["credentialId"])
        self._send("addCredential", authenticatorId=self.authenticator, credential={**held, "signCount": count})

    def _send(self, name: str, **given: Any) -> Any:
        return self.protocol.send(f"WebAuthn.{name}", given)


@pytest.fixture
def browser_of_ada(context: BrowserContext) -> Iterator[Browser]:
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    page.goto("/docs")
    found = Browser(page, protocol)
    found.log_in()
    yield found
    found.log_in()
    for passkey in found.ask("GET", "me/passkeys")["body"]["passkeys"]:
        assert found.ask("DELETE", f"me/passkeys/{passkey['id']}")["status"] == 204


def test_a_browser_makes_a_passkey_and_logs_in_with_it(browser_of_ada: Browser):
    made = browser_of_ada.add_passkey("laptop")
    assert (made["status"], made["body"]["name"], made["body"]["transports"]) == (201, "laptop", ["internal"])
    (held,) = browser_of_ada.stored()
    assert (held["rpId"], held["isResidentCredential"], held["userName"]) == ("localhost", True, "ada@example.org")
    found = browser_of_ada.log_in_with_passkey()
    assert (found["status"], found["body"]["session"]["session"]["methods"]) == (200, ["hwk"])
    assert found["body"]["session"]["person"]["email"] == "ada@example.org"
    browser_of_ada.token = found["body"]["session"]["access_token"]
    assert browser_of_ada.ask("GET", "me/second-factor")["body"]["passkeys"][0]["last_used_at"]


def test_a_browser_makes_no_second_passkey_on_the_same_device(browser_of_ada: Browser):
    from playwright.sync_api import Error

    browser_of_ada.add_passkey("laptop")
    with pytest.raises(Error, match="InvalidStateError"):
        browser_of_ada.add_passkey("laptop again")


def test_somebody_who_only_holds_the_device_does_not_get_in(browser_of_ada: Browser):
    from playwright.sync_api import Error

    browser_of_ada.add_passkey("laptop")
    browser_of_ada.verify_user(succeeds=False)
    with pytest.raises(Error, match="NotAllowedError"):
        browser_of_ada.log_in_with_passkey()
    browser_of_ada.verify_user(succeeds=True)
    assert browser_of_ada.log_in_with_passkey()["status"] == 200


def test_a_copy_of_a_passkey_is_refused(browser_of_ada: Browser):
    browser_of_ada.add_passkey("laptop")
    for _ in range(2):
        assert browser_of_ada.log_in_with_passkey()["status"] == 200
    browser_of_ada.replace_counter(1)
    assert browser_of_ada.log_in_with_passkey()["status"] == 401


def test_a_passkey_that_was_removed_logs_nobody_in(browser_of_ada: Browser):
    made = browser_of_ada.add_passkey("laptop")["body"]
    assert browser_of_ada.ask("DELETE", f"me/passkeys/{made['id']}")["status"] == 204
    assert browser_of_ada.log_in_with_passkey()["status"] == 401
