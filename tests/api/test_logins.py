"""Signing up, logging in, refreshing, logging out (JWT-1, JWT-2, JWT-3, USR-2, USR-4, INP-4)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from btcforecast.accounts.encryption.rotation import rotate_secrets
from btcforecast.accounts.login.lockout import FIRST_LOCK_S, FREE_FAILURES
from btcforecast.core import ManualClock
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore

sys.path.insert(0, str(Path(__file__).parent))
from logins import COMMAND, NOW, PAGE, PASSWORD, Logins  # found through the path set above

DAY = 86400


async def test_signing_up_begins_an_account_with_the_link_in_the_letter(logins: Logins):
    asked = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD}
    assert (await logins.post("auth/register", asked)).status_code == 202
    assert (await logins.log_in()).status_code == 401
    (letter,) = await logins.letters()
    assert (letter.kind, letter.to, letter.hours) == ("verify_address", "ada@example.org", "24")
    made = await logins.post("auth/verify", {"token": await logins.token("verify_address")})
    assert (made.status_code, made.json()["role"], made.json()["email_verified_at"]) == (201, "reader", "2025-12-01T00:00:00Z")
    assert (await logins.log_in()).json()["session"]["person"]["name"] == "Ada"


async def test_a_link_counts_once_and_not_for_ever(logins: Logins, clock: ManualClock):
    await logins.post("auth/register", {"email": "ada@example.org", "password": PASSWORD})
    await logins.post("auth/register", {"email": "grace@example.org", "password": PASSWORD})
    hers = await logins.token("verify_address")
    clock.at += DAY
    assert (await logins.post("auth/verify", {"token": hers})).status_code == 401
    await logins.post("auth/register", {"email": "grace@example.org", "password": PASSWORD})
    again = {"token": await logins.token("verify_address")}
    assert [(await logins.post("auth/verify", again)).status_code for _ in range(2)] == [201, 401]


async def test_two_links_for_one_address_make_one_account(logins: Logins):
    tokens = []
    for _ in range(2):
        await logins.post("auth/register", {"email": "ada@example.org", "password": PASSWORD})
        tokens.append(await logins.token("verify_address"))
    found = await asyncio.gather(*(logins.post("auth/verify", {"token": token}) for token in set(tokens)))
    assert sorted(answer.status_code for answer in found) in ([201], [201, 409])


async def test_whether_there_is_an_account_is_told_to_its_owner_alone(logins: Logins):
    await logins.add()
    answers = [
        await logins.post("auth/register", {"email": email, "password": PASSWORD})
        for email in ("ADA@example.org", "new@example.org")
    ]
    assert answers[0].json() == answers[1].json()
    assert [letter.kind for letter in await logins.letters()] == ["already_registered", "verify_address"]
    wrong = [await logins.log_in(email, "wrong but long enough") for email in ("ada@example.org", "nobody@example.org")]
    assert [answer.status_code for answer in wrong] == [401, 401]
    assert wrong[0].json()["detail"] == wrong[1].json()["detail"]
    forgotten = [
        await logins.post("auth/password/forgotten", {"email": email}) for email in ("ada@example.org", "no@example.org")
    ]
    assert forgotten[0].json() == forgotten[1].json()


async def test_unknown_addresses_cost_as_much_work_as_known_ones(logins: Logins, monkeypatch: pytest.MonkeyPatch):
    await logins.add()
    hashed: list[str] = []
    own = logins.service.identity.passwords._is_right

    def counted(password: str, password_hash: str) -> bool:
        hashed.append(password_hash)
        return own(password, password_hash)

    monkeypatch.setattr(logins.service.identity.passwords, "_is_right", counted)
    for email in ("ada@example.org", "nobody@example.org"):
        await logins.log_in(email, "wrong but long enough")
    parameters = [text.split("$")[:4] for text in hashed]
    assert parameters[0] == parameters[1] == ["", "argon2id", "v=19", "m=12288,t=3,p=1"]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("too short", "has 15 to 512 characters"),
        ("x" * 513, "512"),
        ("passwordpassword1", "easily guessed"),
        ("qwertyuiopasdfghjkl", "easily guessed"),
        ("111111111111111111", "easily guessed"),
        ("ada.lovelace@example.org", "too much like your name or address"),
        ("AdaLovelace1815Ada", "too much like your name or address"),
        ("btcforecastbtcforecast", "easily guessed"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_passwords_that_are_easily_guessed_are_refused_with_a_reason(logins: Logins, password: str, why: str):
    asked = {"email": "ada.lovelace@example.org", "name": "Ada Lovelace", "password": password}
    found = await logins.post("auth/register", asked)
    assert found.status_code == 422
    assert found.json()["errors"][0]["parameter"] == "password"
    assert why in found.json()["errors"][0]["message"]
    assert password not in found.text or len(password) < 10


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_long_passphrases_of_any_script_are_welcome_and_composed_alike(logins: Logins):
    await logins.add(password="größe vögel überqueren den fluß " * 10)
    decomposed = "gro\u0308ße vo\u0308gel u\u0308berqueren den fluß " * 10
    assert (await logins.log_in(password=decomposed)).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_hash_with_weaker_parameters_is_renewed_when_its_person_logs_in(logins: Logins):
    from argon2 import PasswordHasher

    person_id = await logins.add()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with logins.service.database.transaction() as connection:
        await PeopleStore(connection).change(person_id, password_hash=weak)
    assert (await logins.log_in()).status_code == 200
    async with logins.service.database.read() as connection:
        person = await PeopleStore(connection).person(person_id=person_id)
    assert person is not None
    assert "m=12288,t=3,p=1" in str(person.password_hash)


async def test_an_app_uses_refreshes_and_ends_a_session(logins: Logins, clock: ManualClock):
    person_id = await logins.add()
    first = await logins.session()
    me = (await logins.client.get("/v1/me", headers=first.headers)).json()
    assert (me["person"]["id"], me["key"], me["session"]["current"]) == (person_id, None, True)
    clock.at += 700
    expired = await logins.client.get("/v1/me", headers=first.headers)
    assert (expired.status_code, "expired" in expired.json()["detail"]) == (401, True)
    again = (await logins.post("auth/refresh", {"refresh_token": first.refresh})).json()
    headers = {"Authorization": f"Bearer {again['access_token']}"}
    assert (await logins.client.get("/v1/me", headers=headers)).status_code == 200
    assert (await logins.post("auth/logout", {"refresh_token": again["refresh_token"]})).status_code == 204
    assert (await logins.client.get("/v1/me", headers=headers)).status_code == 401
    assert (await logins.post("auth/refresh", {"refresh_token": again["refresh_token"]})).status_code == 401


async def test_a_refresh_token_that_comes_back_ends_the_session_and_is_audited(logins: Logins):
    person_id = await logins.add()
    first = await logins.session()
    second = (await logins.post("auth/refresh", {"refresh_token": first.refresh})).json()
    assert (await logins.post("auth/refresh", {"refresh_token": first.refresh})).status_code == 401
    assert (await logins.post("auth/refresh", {"refresh_token": second["refresh_token"]})).status_code == 401
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    logins.service.callers.forget()
    assert (await logins.client.get("/v1/me", headers=headers)).status_code == 401
    assert (await logins.actions(person_id))[0] == "session.replayed"


async def test_of_two_that_refresh_at_once_one_goes_on_or_none(logins: Logins):
    await logins.add()
    first = await logins.session()
    found = await asyncio.gather(*(logins.post("auth/refresh", {"refresh_token": first.refresh}) for _ in range(4)))
    assert sorted(answer.status_code for answer in found)[:2] in ([200, 401], [401, 401])


async def test_sessions_are_listed_and_ended_one_by_one_or_all(logins: Logins):
    await logins.add()
    phone = (await logins.log_in(headers={"User-Agent": "Phone\x07 1"})).json()["session"]
    mine = await logins.session()
    listed = (await logins.client.get("/v1/me/sessions", headers=mine.headers)).json()["sessions"]
    assert {(found["device"], found["network"]) for found in listed} >= {("Phone  1", "203.0.113.7")}
    path = f"/v1/me/sessions/{phone['session']['id']}"
    assert (await logins.client.delete(path, headers=mine.headers)).json()["runs"] is False
    assert (await logins.post("auth/refresh", {"refresh_token": phone["refresh_token"]})).status_code == 401
    assert (await logins.client.delete("/v1/me/sessions", headers=mine.headers)).json() == {"n_ended": 1}
    assert (await logins.client.get("/v1/me", headers=mine.headers)).status_code == 401


async def test_a_session_lasts_no_longer_than_it_may_however_often_it_is_refreshed(logins: Logins, clock: ManualClock):
    await logins.add()
    found = await logins.session()
    text = found.refresh
    for _ in range(7):
        clock.at += 13 * DAY
        answer = await logins.post("auth/refresh", {"refresh_token": text})
        if answer.status_code == 401:
            break
        text = answer.json()["refresh_token"]
    assert clock.at - NOW == 91 * DAY


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_browser_gets_the_refresh_token_in_a_cookie_alone(logins: Logins):
    await logins.add()
    found = await logins.log_in(headers=PAGE)
    assert found.json()["session"]["refresh_token"] is None
    cookies = {text.split("=")[0]: text for text in found.headers.get_list("set-cookie")}
    assert all(part in cookies["btcf_refresh"] for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert "HttpOnly" not in cookies["btcf_csrf"]
    csrf = {"X-CSRF-Token": logins.client.cookies["btcf_csrf"]}
    again = await logins.post("auth/refresh", headers={**PAGE, **csrf})
    assert (again.status_code, again.json()["refresh_token"]) == (200, None)
    csrf = {"X-CSRF-Token": logins.client.cookies["btcf_csrf"]}
    assert (await logins.post("auth/logout", headers={**PAGE, **csrf})).status_code == 204
    assert "btcf_refresh" not in logins.client.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRF-Token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["auth/refresh", "auth/logout"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_another_site_cannot_use_the_cookie(logins: Logins, headers: dict[str, str], path: str):
    await logins.add()
    await logins.log_in(headers=PAGE)
    right = {"X-CSRF-Token": logins.client.cookies["btcf_csrf"], **PAGE}
    given = {**right, **headers} if headers else {name: value for name, value in right.items() if name != "X-CSRF-Token"}
    assert (await logins.post(path, headers=given)).status_code == 403
    assert (await logins.post("auth/refresh", headers=right)).status_code == 200


async def test_production_binds_the_cookies_to_this_host_and_to_tls(
    database: Database, run_app: Any, clock: ManualClock, tmp_path: Path
):
    clock.at = NOW
    url = database.url.render_as_string(hide_password=False)
    store = SimpleNamespace(url=url, key_file=tmp_path / "signing.key")
    running = run_app(store, environment="production", allow_sqlite_in_production=True, market="simulated")
    async with running as client:
        logins = Logins(client, running.service)
        await logins.add()
        found = await logins.log_in(headers={"Origin": "https://api.test"})
    for cookie in found.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-btcf_")
        assert "Secure" in cookie
        assert "Domain" not in cookie


async def test_rotated_keys_log_nobody_out(logins: Logins, clock: ManualClock):
    await logins.add()
    before = await logins.session()
    identity = logins.service.identity
    await rotate_secrets(identity.database, identity.vault, "token", actor=COMMAND, at=NOW)
    after = await logins.session()
    clock.at += 1
    assert before.access.split(".")[0] != after.access.split(".")[0]
    for found in (before, after):
        assert (await logins.client.get("/v1/me", headers=found.headers)).status_code == 200


async def test_failures_lock_an_address_for_longer_and_longer_and_time_unlocks_it(logins: Logins, clock: ManualClock):
    for email, exists in (("ada@example.org", True), ("nobody@example.org", False)):
        if exists:
            await logins.add(email)
        found = [(await logins.log_in(email, "wrong but long enough")).status_code for _ in range(FREE_FAILURES + 1)]
        assert found == [401] * FREE_FAILURES + [429]
        locked = await logins.log_in(email)
        assert (locked.status_code, locked.json()["title"]) == (429, "Locked for some time")
        assert locked.headers["retry-after"] == str(FIRST_LOCK_S)
        clock.at += FIRST_LOCK_S
        assert (await logins.log_in(email, "wrong but long enough")).status_code == 401
        assert (await logins.log_in(email)).headers["retry-after"] == str(2 * FIRST_LOCK_S)
        clock.at += 2 * FIRST_LOCK_S
        assert (await logins.log_in(email)).status_code == (200 if exists else 401)
    assert [letter.kind for letter in await logins.letters()] == ["account_locked"]


async def test_many_guesses_at_once_are_counted_one_by_one(logins: Logins):
    await logins.add()
    found = await asyncio.gather(*(logins.log_in(password="wrong but long enough") for _ in range(12)))
    assert [answer.status_code for answer in found].count(401) == FREE_FAILURES


async def test_a_locked_owner_gets_in_by_mail_by_an_administrator_and_by_a_new_password(logins: Logins):
    person_id = await logins.add()

    async def lock() -> None:
        for _ in range(FREE_FAILURES):
            await logins.log_in(password="wrong but long enough")
        assert (await logins.log_in()).status_code == 429

    await lock()
    assert (await logins.post("auth/unlock", {"token": await logins.token("account_locked")})).status_code == 204
    assert (await logins.log_in()).status_code == 200

    await lock()
    from btcforecast.accounts.roles import RoleName

    await logins.add("root@example.org", role=RoleName.ADMINISTRATOR)
    root = await logins.session("root@example.org")
    assert (await logins.post(f"people/{person_id}/unlock", headers=root.headers)).status_code == 204
    assert (await logins.log_in()).status_code == 200

    await lock()
    await logins.post("auth/password/forgotten", {"email": "ada@example.org"})
    new = "a lantern under nine blue bridges"
    reset = {"token": await logins.token("reset_password"), "password": new}
    assert (await logins.post("auth/password/reset", reset)).status_code == 200
    assert (await logins.log_in(password=new)).status_code == 200


async def test_somebody_elsewhere_cannot_lock_the_owner_out_at_home(logins: Logins):
    import httpx2

    await logins.add()
    await logins.session()
    transport = httpx2.ASGITransport(app=logins.client._transport.app, client=("198.51.100.9", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.test") as client:
        elsewhere = Logins(client, logins.service)
        for _ in range(FREE_FAILURES):
            await elsewhere.log_in(password="wrong but long enough")
        assert (await elsewhere.log_in()).status_code == 429
    assert (await logins.log_in()).status_code == 200


async def test_without_mail_the_service_says_what_cannot_work(database: Database, run_app: Any, tmp_path: Path):
    url = database.url.render_as_string(hide_password=False)
    running = run_app(SimpleNamespace(url=url, key_file=tmp_path / "signing.key"), mail_url="")
    async with running as client:
        logins = Logins(client, running.service)
        options = (await client.get("/v1/auth/options")).json()
        assert (options["registration"], options["sends_mail"]) == (False, False)
        assert "an administrator can add you" in options["registration_closed_because"]
        for path, body in (
            ("register", {"email": "a@example.org", "password": PASSWORD}),
            ("password/forgotten", {"email": "a@example.org"}),
        ):
            found = await logins.post(f"auth/{path}", body)
            assert found.status_code == 503
            assert "an administrator can do it by command" in found.json()["detail"]
