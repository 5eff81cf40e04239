"""Changing what one logs in with, exporting and deleting what is one's own (USR-2, DAT-4), and default users (ENV-3, USR-1)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from btcforecast.accounts.defaults import DEFAULT_PEOPLE, add_default_people, refuse_default_people
from btcforecast.accounts.roles import RoleName
from btcforecast.core import ManualClock
from btcforecast.core.errors import SettingsError
from btcforecast.store.people import PeopleStore
from btcforecast.store.tables import metadata

sys.path.insert(0, str(Path(__file__).parent))
from logins import NOW, PASSWORD, Logins  # found through the path set above

NEW = "a lantern under nine blue bridges"


async def test_a_new_password_ends_all_other_sessions(logins: Logins):
    person_id = await logins.add()
    other, mine = await logins.session(), await logins.session()
    found = await logins.post("me/password", {"password": NEW}, headers=mine.headers)
    assert (found.status_code, found.json()) == (200, {"n_ended": 1})
    assert (await logins.client.get("/v1/me", headers=mine.headers)).status_code == 200
    assert (await logins.client.get("/v1/me", headers=other.headers)).status_code == 401
    assert (await logins.log_in()).status_code == 401
    assert (await logins.log_in(password=NEW)).status_code == 200
    assert [letter.kind for letter in await logins.letters()] == ["password_changed"]
    assert "password.changed" in await logins.actions(person_id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("way", ["change", "reset"])
async def test_the_rules_hold_for_every_way_to_a_new_password_and_leave_it_as_it_was(logins: Logins, way: str):
    await logins.add()
    mine = await logins.session()
    for weak in ("short", "qwertyuiopasdfghjkl", "ada@example.org ada"):
        if way == "change":
            found = await logins.post("me/password", {"password": weak}, headers=mine.headers)
        else:
            await logins.post("auth/password/forgotten", {"email": "ada@example.org"})
            token = await logins.token("reset_password")
            found = await logins.post("auth/password/reset", {"token": token, "password": weak})
        assert (found.status_code, found.json()["errors"][0]["parameter"]) == (422, "password")
    assert (await logins.log_in()).status_code == 200


async def test_what_could_lock_somebody_out_wants_a_recent_proof(logins: Logins, clock: ManualClock):
    await logins.add()
    mine = await logins.session()
    clock.at += 601
    mine = await _refreshed(logins, mine.refresh)
    stale = await logins.post("me/password", {"password": NEW}, headers=mine)
    assert (stale.status_code, stale.json()["title"]) == (401, "Confirm that it is you")
    assert (await logins.post("auth/confirm", {"password": "wrong but long enough"}, headers=mine)).status_code == 401
    confirmed = await logins.post("auth/confirm", {"password": PASSWORD}, headers=mine)
    assert confirmed.json()["authenticated_at"] == "2025-12-01T00:10:01Z"
    assert (await logins.post("me/password", {"password": NEW}, headers=mine)).status_code == 200


async def test_whoever_holds_a_session_cannot_guess_the_password_with_it(logins: Logins):
    await logins.add()
    mine = await logins.session()
    found = [
        (await logins.post("auth/confirm", {"password": "wrong but long enough"}, headers=mine.headers)).status_code
        for _ in range(6)
    ]
    assert found == [401] * 5 + [429]


async def test_the_address_changes_when_both_sides_have_confirmed(logins: Logins):
    person_id = await logins.add()
    mine = await logins.session()
    asked = await logins.post("me/email", {"email": "Ada@Example.com"}, headers=mine.headers)
    assert asked.status_code == 202
    assert {(letter.kind, letter.to) for letter in await logins.letters()} == {
        ("confirm_new_address", "Ada@example.com"),
        ("address_change_asked", "ada@example.org"),
    }
    for kind, changed in (("confirm_new_address", False), ("address_change_asked", True)):
        found = await logins.post("auth/email/confirm", {"token": await logins.token(kind)})
        assert found.json() == {"changed": changed}
    assert (await logins.log_in("ada@example.com")).status_code == 200
    assert (await logins.log_in("ada@example.org")).status_code == 401
    assert (await logins.letters())[-1].kind == "address_changed"
    assert "email.changed" in await logins.actions(person_id)


async def test_one_side_alone_changes_no_address(logins: Logins):
    await logins.add()
    mine = await logins.session()
    await logins.post("me/email", {"email": "ada@example.com"}, headers=mine.headers)
    token = {"token": await logins.token("confirm_new_address")}
    assert [(await logins.post("auth/email/confirm", token)).status_code for _ in range(2)] == [200, 401]
    assert (await logins.log_in("ada@example.com")).status_code == 401


async def test_an_address_that_somebody_has_is_not_taken_and_not_told(logins: Logins):
    await logins.add()
    await logins.add("grace@example.org")
    mine = await logins.session()
    taken = await logins.post("me/email", {"email": "grace@example.org"}, headers=mine.headers)
    free = await logins.post("me/email", {"email": "free@example.org"}, headers=mine.headers)
    assert (taken.status_code, taken.json()) == (free.status_code, free.json())
    assert [letter.kind for letter in await logins.letters() if letter.to == "grace@example.org"] == ["already_registered"]


async def test_an_invited_person_chooses_a_password_by_the_link(logins: Logins):
    await logins.add("root@example.org", role=RoleName.ADMINISTRATOR)
    root = await logins.session("root@example.org")
    added = await logins.post("people", {"email": "new@example.org"}, headers=root.headers)
    assert (added.json()["has_password"], added.json()["email_verified_at"]) == (False, None)
    reset = {"token": await logins.token("invited"), "password": NEW}
    assert (await logins.post("auth/password/reset", reset)).json()["email_verified_at"] == "2025-12-01T00:00:00Z"
    assert (await logins.log_in("new@example.org", NEW)).status_code == 200


async def test_an_export_holds_everything_and_a_deletion_leaves_nothing(logins: Logins):
    person_id = await logins.add()
    mine = await logins.session()
    await logins.post("me/keys", {"name": "first"}, headers=mine.headers)
    await logins.post("auth/password/forgotten", {"email": "ada@example.org"})
    for _ in range(5):
        await logins.log_in("ada@example.org", "wrong but long enough")
    exported = (await logins.client.get("/v1/me/export", headers=mine.headers)).json()
    assert exported["person"]["email"] == "ada@example.org"
    assert [len(exported[part]) for part in ("keys", "sessions")] == [1, 1]
    assert {event["action"] for event in exported["events"]} >= {"session.started", "key.created", "login.failed", "login.locked"}
    gone = await logins.client.delete("/v1/me", params={"confirm": "ada@example.org"}, headers=mine.headers)
    assert gone.status_code == 204
    async with logins.service.database.read() as connection:
        kept = {table.name: str((await connection.execute(table.select())).all()) for table in metadata.sorted_tables}
    assert "ada@example.org" not in "".join(text for name, text in kept.items() if name != "mail_messages")
    assert {name for name, text in kept.items() if person_id in text} == {"audit_entries"}
    assert [letter.kind for letter in await logins.letters()] == ["account_deleted"]


async def test_deletion_wants_a_recent_proof_and_the_own_address(logins: Logins, clock: ManualClock):
    await logins.add()
    mine = await logins.session()
    other = await logins.client.delete("/v1/me", params={"confirm": "grace@example.org"}, headers=mine.headers)
    assert other.status_code == 422
    clock.at += 601
    headers = await _refreshed(logins, mine.refresh)
    stale = await logins.client.delete("/v1/me", params={"confirm": "ada@example.org"}, headers=headers)
    assert stale.status_code == 401


async def test_default_people_log_in_until_their_passwords_change_and_keep_production_from_starting(logins: Logins):
    identity = logins.service.identity
    assert await add_default_people(identity, at=NOW) == [email for email, _ in DEFAULT_PEOPLE.values()]
    assert await add_default_people(identity, at=NOW) == []
    email, password = DEFAULT_PEOPLE[RoleName.ADMINISTRATOR]
    assert (await logins.log_in(email, password)).json()["session"]["person"]["role"] == "administrator"
    with pytest.raises(SettingsError, match=r"administrator@example\.org.*users delete"):
        await refuse_default_people(identity.database)
    for role, (address, known) in DEFAULT_PEOPLE.items():
        mine = (await logins.log_in(address, known)).json()["session"]["access_token"]
        headers = {"Authorization": f"Bearer {mine}"}
        changed = await logins.post("me/password", {"password": f"{role} crosses a copper river"}, headers=headers)
        assert changed.status_code == 200
    await refuse_default_people(identity.database)


async def test_somebody_disabled_is_told_so_only_with_the_right_password(logins: Logins):
    person_id = await logins.add()
    async with logins.service.database.transaction() as connection:
        await PeopleStore(connection).change(person_id, disabled_at=NOW)
    assert "disabled" in (await logins.log_in()).json()["detail"]
    assert "disabled" not in (await logins.log_in(password="wrong but long enough")).json()["detail"]


async def _refreshed(logins: Logins, refresh_token: str) -> dict[str, str]:
    found = (await logins.post("auth/refresh", {"refresh_token": refresh_token})).json()
    return {"Authorization": f"Bearer {found['access_token']}"}
