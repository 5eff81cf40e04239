"""Second factors: codes of an app, recovery codes, passkeys (USR-4, DAT-1, DAT-4, LOG-5, SEC-4)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pyotp
import pytest

from btcforecast.accounts.encryption.rotation import rotate_secrets
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.login.credentials import unlock_person
from btcforecast.accounts.login.lockout import FIRST_LOCK_S
from btcforecast.accounts.people import find_person
from btcforecast.accounts.second_factor.passkeys import MOST_PASSKEYS, can_have_passkeys
from btcforecast.accounts.second_factor.state import reset_second_factor
from btcforecast.core import ManualClock
from btcforecast.core.errors import NotFoundError
from btcforecast.store.database import Database
from btcforecast.store.people import OWNED, PeopleStore
from btcforecast.store.second_factor import SecondFactorStore, TotpRow
from btcforecast.store.tables import recovery_codes, totp_secrets

sys.path.insert(0, str(Path(__file__).parent))
from logins import COMMAND, NOW, PAGE, PASSWORD, Logins  # found through the path set above
from soft_passkey import SoftPasskey

ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Ada:
    """Somebody in a session, with what she holds in her hands."""

    def __init__(self, logins: Logins, clock: ManualClock, person_id: str, headers: dict[str, str]) -> None:
        self.logins, self.clock, self.id, self.headers = logins, clock, person_id, headers
        self.secret = ""

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        return await self.logins.client.request(method, f"/v1/{path}", json=body, headers=self.headers)

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.clock.at + 30 * steps)

    async def set_up_totp(self) -> list[str]:
        """Set up an app and return the recovery codes."""
        self.secret = (await self.call("POST", "me/totp")).json()["secret"]
        found = await self.call("POST", "me/totp/confirm", {"code": self.code(-1)})
        assert found.status_code == 200, found.text
        codes: list[str] = found.json()["recovery_codes"]
        return codes

    async def challenge(self) -> str:
        """Give the password, and return the token of what is asked next."""
        found = (await self.logins.log_in()).json()
        assert found["session"] is None
        return str(found["second_factor"]["token"])

    async def answer(self, token: str, **answer: str) -> int:
        return (await self.logins.post("auth/login/second-factor", {"token": token, **answer})).status_code

    async def add_passkey(self, passkey: SoftPasskey, name: str = "laptop") -> httpx2.Response:
        asked = (await self.call("POST", "me/passkeys/options")).json()
        body = {"token": asked["token"], "name": name, "credential": passkey.create(asked["options"])}
        return await self.call("POST", "me/passkeys", body)

    async def passkey_answer(self, passkey: SoftPasskey) -> dict[str, Any]:
        asked = (await self.logins.post("auth/passkey/options")).json()
        return {"token": asked["token"], "credential": passkey.get(asked["options"])}

    async def log_in_with(self, passkey: SoftPasskey, **more: Any) -> httpx2.Response:
        return await self.logins.post("auth/passkey/login", await self.passkey_answer(passkey), **more)

    async def state(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.call("GET", "me/second-factor")).json()
        return found

    async def changes(self) -> list[str]:
        """Return what letters about second factors say, oldest first."""
        return [letter.what for letter in await self.logins.letters() if letter.kind == "second_factor_changed"]


@pytest.fixture
async def logins(database: Database, run_app: Any, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Logins]:
    clock.at = NOW
    url = database.url.render_as_string(hide_password=False)
    running = run_app(SimpleNamespace(url=url, key_file=tmp_path / "signing.key"), mail_url=f"file:{tmp_path}/mail")
    async with running as client:
        yield Logins(client, running.service)


@pytest.fixture
async def ada(logins: Logins, clock: ManualClock) -> Ada:
    person_id = await logins.add()
    return Ada(logins, clock, person_id, (await logins.session()).headers)


async def test_an_app_is_set_up_with_its_first_code_and_asked_for_from_then_on(ada: Ada):
    begun = (await ada.call("POST", "me/totp")).json()
    assert begun["uri"].startswith(f"otpauth://totp/btcforecast:ada%40example.org?secret={begun['secret']}&issuer=btcforecast")
    ada.secret = begun["secret"]
    # Nothing is asked for before the first code was shown.
    assert (await ada.logins.log_in()).json()["second_factor"] is None
    wrong = await ada.call("POST", "me/totp/confirm", {"code": "000000" if ada.code() != "000000" else "111111"})
    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (422, "code")
    codes = (await ada.call("POST", "me/totp/confirm", {"code": ada.code()})).json()["recovery_codes"]
    assert len(set(codes)) == 10
    asked = (await ada.logins.log_in()).json()["second_factor"]
    assert asked["methods"] == ["totp", "recovery_code"]
    assert await ada.answer(asked["token"], code=ada.code(1)) == 200
    assert await ada.state() == {
        "totp_since": "2025-12-01T00:00:00Z",
        "recovery_codes_left": 10,
        "passkeys": [],
        "passkeys_possible": True,
    }
    assert (await ada.logins.actions(ada.id))[:2] == ["session.started", "totp.added"]
    assert await ada.changes() == ["An authenticator app was set up. Its codes are asked for after your password."]


async def test_a_code_counts_once_and_neither_does_one_before_it(ada: Ada):
    await ada.set_up_totp()
    token = await ada.challenge()
    assert await ada.answer(token, code=ada.code(-1)) == 401
    assert await ada.answer(token, code=ada.code(1)) == 200
    token = await ada.challenge()
    for steps in (-1, 0, 1):
        assert await ada.answer(token, code=ada.code(steps)) == 401
    ada.clock.at += 60
    assert await ada.answer(token, code=ada.code()) == 200


async def test_one_code_shown_at_the_same_moment_logs_one_in(ada: Ada):
    await ada.set_up_totp()
    tokens = [await ada.challenge() for _ in range(2)]
    found = await asyncio.gather(*(ada.answer(token, code=ada.code()) for token in tokens))
    assert sorted(found) == [200, 401]


@ONE
@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_half_a_minute_off(ada: Ada, steps: int, status: int):
    await ada.set_up_totp()
    ada.clock.at += 300
    assert await ada.answer(await ada.challenge(), code=ada.code(steps)) == status


@ONE
@pytest.mark.parametrize(("at", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")])
async def test_codes_are_those_of_the_standard(ada: Ada, at: int, code: str):
    # RFC 6238, appendix B, whose eight digits end in these six.
    identity = ada.logins.service.identity
    sealed = identity.vault.seal(b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", place=f"totp:{ada.id}")
    async with identity.database.transaction() as connection:
        await SecondFactorStore(connection).put_totp(TotpRow(ada.id, sealed, 0, 1))
    ada.clock.at = at
    assert await ada.answer(await ada.challenge(), code=code) == 200


@ONE
@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", "１２３４５６", "-12345", "      "])
async def test_what_is_no_code_is_wrong(ada: Ada, code: str):
    await ada.set_up_totp()
    assert await ada.answer(await ada.challenge(), code=code) in (401, 422)


async def test_recovery_codes_count_once_each_and_are_counted_down(ada: Ada):
    codes = await ada.set_up_totp()
    first, second = codes[:2]
    assert await ada.answer(await ada.challenge(), recovery_code=first) == 200
    assert await ada.answer(await ada.challenge(), recovery_code=first) == 401
    # As somebody writes it who copies it by hand.
    sloppy = second.lower().replace("-", " ").replace("o", "0")
    assert await ada.answer(await ada.challenge(), recovery_code=sloppy) == 200
    assert (await ada.state())["recovery_codes_left"] == 8
    assert (await ada.changes())[-1] == "A recovery code was used to log in; 8 codes left."
    assert "recovery_code.used" in await ada.logins.actions(ada.id)


async def test_new_recovery_codes_make_the_old_ones_void(ada: Ada):
    old = await ada.set_up_totp()
    new = (await ada.call("POST", "me/recovery-codes")).json()["recovery_codes"]
    assert not set(old) & set(new)
    assert await ada.answer(await ada.challenge(), recovery_code=old[0]) == 401
    assert await ada.answer(await ada.challenge(), recovery_code=new[0]) == 200


async def test_secrets_are_stored_encrypted_or_hashed_and_survive_new_keys(ada: Ada):
    codes = await ada.set_up_totp()
    service = ada.logins.service
    async with service.database.read() as connection:
        stored = (await connection.execute(totp_secrets.select())).mappings().one()["sealed"]
        hashes = [row["code_hash"] for row in (await connection.execute(recovery_codes.select())).mappings()]
    assert ada.secret.encode() not in stored
    assert not any(code.encode() in hashes for code in codes)
    # By another process: this one has not heard of the new key when it is asked.
    other = Vault(service.settings.secret_key.get_secret_value())
    assert (await rotate_secrets(service.database, other, "data", actor=COMMAND, at=NOW)).n_encrypted > 0
    assert await ada.answer(await ada.challenge(), code=ada.code()) == 200


async def test_wrong_codes_end_the_log_in_and_lock_like_wrong_passwords(ada: Ada):
    await ada.set_up_totp()
    token = await ada.challenge()
    found = [await ada.answer(token, code=ada.code(20 + n)) for n in range(6)]
    # The right password before them was counted, too, until the code is right.
    assert found == [401, 401, 401, 401, 429, 429]
    assert await ada.answer(token, code=ada.code()) == 429
    assert [letter.kind for letter in await ada.logins.letters()][-1] == "account_locked"
    ada.clock.at += FIRST_LOCK_S + 1
    assert await ada.answer(token, code=ada.code()) == 200
    assert (await ada.logins.log_in()).json()["second_factor"] is not None


@ONE
async def test_five_wrong_codes_void_the_token(ada: Ada):
    await ada.set_up_totp()
    token, identity = await ada.challenge(), ada.logins.service.identity
    for _ in range(5):
        assert await ada.answer(token, code=ada.code(20)) == 401
        async with identity.database.transaction() as connection:
            person = await find_person(connection, ada.id)
            await unlock_person(identity, connection, person, actor=COMMAND, at=NOW)
    assert await ada.answer(token, code=ada.code()) == 401
    assert await ada.answer(await ada.challenge(), code=ada.code()) == 200


@ONE
async def test_a_second_step_ends_after_five_minutes_and_counts_once(ada: Ada):
    await ada.set_up_totp()
    token = await ada.challenge()
    assert await ada.answer(token, code=ada.code()) == 200
    ada.clock.at += 60
    assert await ada.answer(token, code=ada.code()) == 401
    token = await ada.challenge()
    ada.clock.at += 300
    assert await ada.answer(token, code=ada.code()) == 401


@ONE
async def test_the_token_between_password_and_code_opens_nothing_else(ada: Ada):
    await ada.set_up_totp()
    token = await ada.challenge()
    answer = await ada.logins.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert (await ada.logins.post("auth/password/reset", {"token": token, "password": PASSWORD})).status_code == 401
    assert (await ada.logins.post("auth/login/second-factor", {"token": token})).status_code == 422


@ONE
async def test_who_was_disabled_meanwhile_does_not_get_in(ada: Ada):
    await ada.set_up_totp()
    token = await ada.challenge()
    async with ada.logins.service.database.transaction() as connection:
        await PeopleStore(connection).change(ada.id, disabled_at=NOW)
    assert await ada.answer(token, code=ada.code()) == 401


@ONE
async def test_a_new_password_by_mail_does_not_get_around_the_second_factor(ada: Ada):
    await ada.set_up_totp()
    await ada.logins.post("auth/password/forgotten", {"email": "ada@example.org"})
    new = "nine otters paint a silver bridge"
    await ada.logins.post("auth/password/reset", {"token": await ada.logins.token("reset_password"), "password": new})
    found = (await ada.logins.log_in(password=new)).json()
    assert found["session"] is None
    assert found["second_factor"]["methods"] == ["totp", "recovery_code"]


async def test_removing_the_app_takes_the_recovery_codes_with_it(ada: Ada):
    await ada.set_up_totp()
    assert (await ada.call("POST", "me/totp")).status_code == 409
    assert (await ada.call("DELETE", "me/totp")).status_code == 204
    assert (await ada.state())["recovery_codes_left"] == 0
    assert (await ada.logins.log_in()).json()["second_factor"] is None
    assert [(await ada.call(*call)).status_code for call in (("DELETE", "me/totp"), ("POST", "me/recovery-codes"))] == [404, 409]


@ONE
async def test_what_was_begun_long_ago_is_begun_anew(ada: Ada):
    ada.secret = (await ada.call("POST", "me/totp")).json()["secret"]
    ada.clock.at += 901
    ada.headers = (await ada.logins.session()).headers
    assert (await ada.call("POST", "me/totp/confirm", {"code": ada.code()})).status_code == 409


async def test_a_passkey_logs_in_without_a_password_and_is_seen(ada: Ada):
    passkey = SoftPasskey()
    added = await ada.add_passkey(passkey)
    assert added.status_code == 201, added.text
    assert added.json() | {"id": "", "transports": []} == {
        "id": "", "name": "laptop", "created_at": "2025-12-01T00:00:00Z", "last_used_at": None, "backed_up": False, "transports": [],
    }  # fmt: skip
    ada.clock.at += 5
    found = (await ada.log_in_with(passkey)).json()["session"]
    assert (found["person"]["email"], found["session"]["methods"]) == ("ada@example.org", ["hwk"])
    (seen,) = (await ada.call("GET", "me/passkeys")).json()["passkeys"]
    assert (seen["id"], seen["last_used_at"], seen["transports"]) == (passkey.id, "2025-12-01T00:00:05Z", ["internal", "hybrid"])
    assert (await ada.logins.actions(ada.id))[:3] == ["session.started", "passkey.used", "passkey.added"]
    assert await ada.changes() == ["A passkey, “laptop”, was added."]


async def test_a_passkey_asks_for_no_code_and_is_offered_beside_codes(ada: Ada):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    assert (await ada.logins.log_in()).json()["second_factor"] is None
    await ada.set_up_totp()
    assert (await ada.logins.log_in()).json()["second_factor"]["methods"] == ["totp", "recovery_code", "passkey"]
    assert (await ada.log_in_with(passkey)).status_code == 200


@ONE
async def test_a_page_gets_the_session_of_a_passkey_in_its_cookie(ada: Ada):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    found = await ada.log_in_with(passkey, headers=PAGE)
    assert found.json()["session"]["refresh_token"] is None
    assert "HttpOnly" in found.headers["set-cookie"]


async def test_a_passkey_that_was_copied_is_refused_and_told(ada: Ada):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    assert (await ada.log_in_with(passkey)).status_code == 200
    passkey.sign_count = 0
    assert (await ada.log_in_with(passkey)).status_code == 401
    headers = {"Authorization": f"Bearer {(await ada.logins.session()).access}"}
    events = (await ada.logins.client.get("/v1/me/events", headers=headers)).json()["events"]
    (refused,) = [event for event in events if event["action"] == "passkey.refused"]
    assert (refused["result"], refused["facts"]["why"]) == ("refused", "counter")
    assert passkey.id not in str(events)


@ONE
async def test_a_passkey_that_does_not_count_is_as_good(ada: Ada):
    passkey = SoftPasskey(counts=False)
    await ada.add_passkey(passkey)
    assert [(await ada.log_in_with(passkey)).status_code for _ in range(2)] == [200, 200]


@ONE
@pytest.mark.parametrize(
    "fault",
    [
        {"origin": "https://evil.test"},
        {"origin": "http://api.test"},
        {"rp_id": "evil.test"},
        {"verifies_user": False},
        {"handle": "cF8wMDAw"},
        {"key": SoftPasskey().key},
        {"credential_id": b"another"},
    ],
    ids=lambda fault: next(iter(fault)),
)
async def test_a_passkey_of_another_kind_logs_nobody_in(ada: Ada, fault: dict[str, Any]):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    for name, value in fault.items():
        setattr(passkey, name, value)
    found = await ada.log_in_with(passkey)
    assert (found.status_code, found.json()["detail"]) == (401, "This passkey does not log anybody in here.")


@ONE
@pytest.mark.parametrize("fault", [{"origin": "https://evil.test"}, {"rp_id": "evil.test"}, {"verifies_user": False}], ids=str)
async def test_a_passkey_made_elsewhere_or_without_asking_its_person_is_not_kept(ada: Ada, fault: dict[str, Any]):
    assert (await ada.add_passkey(SoftPasskey(**fault))).status_code == 422
    assert (await ada.state())["passkeys"] == []


async def test_a_challenge_counts_once_whatever_the_answer_was_worth(ada: Ada):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    body = await ada.passkey_answer(passkey)
    assert [(await ada.logins.post("auth/passkey/login", body)).status_code for _ in range(2)] == [200, 401]
    body = await ada.passkey_answer(passkey)
    spoiled = {**body, "credential": {**body["credential"], "response": {}}}
    assert [(await ada.logins.post("auth/passkey/login", given)).status_code for given in (spoiled, body)] == [401, 401]
    late = await ada.passkey_answer(passkey)
    ada.clock.at += 300
    assert (await ada.logins.post("auth/passkey/login", late)).status_code == 401


@ONE
async def test_an_answer_to_another_challenge_is_refused(ada: Ada):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    first, second = await ada.passkey_answer(passkey), await ada.passkey_answer(passkey)
    mixed = {"token": first["token"], "credential": second["credential"]}
    assert (await ada.logins.post("auth/passkey/login", mixed)).status_code == 401


@ONE
@pytest.mark.parametrize(
    "credential", [{}, {"id": 1}, {"id": "x", "rawId": "x", "type": "y", "response": []}, {"id": "\x00" * 2000}]
)
async def test_what_is_no_credential_is_refused_without_a_fault(ada: Ada, credential: dict[str, Any]):
    asked = (await ada.call("POST", "me/passkeys/options")).json()
    made = await ada.call("POST", "me/passkeys", {"token": asked["token"], "name": "x", "credential": credential})
    assert made.status_code == 422
    asked = (await ada.logins.post("auth/passkey/options")).json()
    used = await ada.logins.post("auth/passkey/login", {"token": asked["token"], "credential": credential})
    assert used.status_code in (401, 422)


@ONE
async def test_a_passkey_begun_by_one_is_not_kept_by_another(ada: Ada):
    asked = (await ada.call("POST", "me/passkeys/options")).json()
    await ada.logins.add("eve@example.org")
    ada.headers = (await ada.logins.session("eve@example.org")).headers
    body = {"token": asked["token"], "name": "x", "credential": SoftPasskey().create(asked["options"])}
    assert (await ada.call("POST", "me/passkeys", body)).status_code == 401


async def test_a_passkey_is_kept_once(ada: Ada):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    asked = (await ada.call("POST", "me/passkeys/options")).json()
    assert [known["id"] for known in asked["options"]["excludeCredentials"]] == [passkey.id]
    assert (await ada.add_passkey(passkey)).status_code == 409


@ONE
async def test_there_are_as_many_passkeys_as_can_be_told_apart(ada: Ada):
    for _ in range(MOST_PASSKEYS):
        assert (await ada.add_passkey(SoftPasskey())).status_code == 201
    found = await ada.call("POST", "me/passkeys/options")
    assert (found.status_code, "as many as can be" in found.json()["detail"]) == (409, True)


async def test_passkeys_are_renamed_and_removed_by_their_owner_alone(ada: Ada):
    passkey = SoftPasskey()
    await ada.add_passkey(passkey)
    path = f"me/passkeys/{passkey.id}"
    await ada.logins.add("eve@example.org")
    own, ada.headers = ada.headers, (await ada.logins.session("eve@example.org")).headers
    assert [(await ada.call("PATCH", path, {"name": "mine"})).status_code, (await ada.call("DELETE", path)).status_code] == [
        404,
        404,
    ]
    ada.headers = own
    assert (await ada.call("PATCH", path, {"name": "phone"})).json()["name"] == "phone"
    assert (await ada.call("PATCH", path, {"name": "a\nb"})).status_code == 422
    assert (await ada.call("DELETE", path)).status_code == 204
    assert (await ada.log_in_with(passkey)).status_code == 401
    assert (await ada.changes())[-1] == "The passkey “phone” was removed."


async def test_a_code_or_a_passkey_confirms_that_it_is_you(ada: Ada):
    passkey, eves = SoftPasskey(), SoftPasskey()
    await ada.set_up_totp()
    await ada.add_passkey(passkey)
    service, session = ada.logins.service, (await ada.log_in_with(passkey)).json()["session"]["session"]["id"]
    for kind in ("code", "passkey"):
        ada.clock.at += 601
        # The access token is renewed, as a page does it; the log-in grows old all the same.
        ada.headers = {"Authorization": f"Bearer {service.identity.tokens.sign(ada.id, session, at=ada.clock.at)}"}
        assert (await ada.call("POST", "me/recovery-codes")).json()["title"] == "Confirm that it is you"
        proof = ada.code() if kind == "code" else await ada.passkey_answer(passkey)
        assert (await ada.call("POST", "auth/confirm", {kind: proof})).status_code == 200
        assert (await ada.call("POST", "me/recovery-codes")).status_code == 201
    assert (await ada.call("POST", "auth/confirm", {"code": ada.code(30)})).status_code == 401
    assert (await ada.call("POST", "auth/confirm", {})).status_code == 422
    assert (await ada.call("POST", "auth/confirm", {"password": PASSWORD, "code": ada.code()})).status_code == 422
    await ada.logins.add("eve@example.org")
    own, ada.headers = ada.headers, (await ada.logins.session("eve@example.org")).headers
    await ada.add_passkey(eves)
    ada.headers = own
    assert (await ada.call("POST", "auth/confirm", {"passkey": await ada.passkey_answer(eves)})).status_code == 401


EXPORTED = {
    "api_keys": lambda export: export["keys"],
    "usage_days": lambda export: export["usage"],
    "sessions": lambda export: export["sessions"],
    "one_time_tokens": lambda export: export["links"],
    "totp_secrets": lambda export: export["second_factor"]["totp_since"],
    "recovery_codes": lambda export: export["second_factor"]["recovery_codes_left"],
    "passkeys": lambda export: export["second_factor"]["passkeys"],
    "mail_messages": lambda export: export["letters"],
}
"""Where the export shows what each table holds about a person. A table that refers to people must be in `OWNED`, and so here."""


async def test_the_export_shows_every_table_that_holds_something_about_a_person(ada: Ada):
    await ada.set_up_totp()
    await ada.add_passkey(SoftPasskey())
    await ada.call("POST", "me/keys", {"name": "first"})
    await ada.logins.post("auth/password/forgotten", {"email": "ada@example.org"})
    export = (await ada.call("GET", "me/export")).json()
    assert set(EXPORTED) == {table.name for table in OWNED}
    assert [name for name, part in EXPORTED.items() if not part(export)] == []
    assert [link["purpose"] for link in export["links"] if link["used_at"] is None] == ["reset_password"]
    assert export["letters"][-1]["to"] == "ada@example.org"
    # What counts as a secret stays one.
    tokens = [letter.link.partition("#")[2] for letter in await ada.logins.letters() if letter.kind == "reset_password"]
    assert not [token for token in (*tokens, ada.secret) if token in str(export)]


@ONE
@pytest.mark.parametrize("sends_mail", [True, False])
async def test_everything_is_exported_and_an_administrator_can_remove_it(ada: Ada, *, sends_mail: bool):
    await ada.set_up_totp()
    await ada.add_passkey(SoftPasskey())
    export = (await ada.call("GET", "me/export")).json()["second_factor"]
    assert (export["totp_since"], export["recovery_codes_left"], len(export["passkeys"])) == ("2025-12-01T00:00:00Z", 10, 1)
    identity = ada.logins.service.identity
    object.__setattr__(identity, "sends_mail", sends_mail)
    async with identity.database.transaction() as connection:
        person = await PeopleStore(connection).person(person_id=ada.id)
        assert person is not None
        await reset_second_factor(identity, connection, person, actor=COMMAND, at=NOW)
    assert (await ada.state()) == {"totp_since": None, "recovery_codes_left": 0, "passkeys": [], "passkeys_possible": True}
    assert (await ada.logins.log_in()).json()["second_factor"] is None
    assert ("administrator removed" in (await ada.changes())[-1]) is sends_mail
    assert (await ada.logins.actions(ada.id))[1] == "second_factor.reset"
    with pytest.raises(NotFoundError):
        async with identity.database.transaction() as connection:
            await reset_second_factor(identity, connection, person, actor=COMMAND, at=NOW)


async def test_deleting_an_account_deletes_its_second_factors(ada: Ada):
    await ada.set_up_totp()
    await ada.add_passkey(SoftPasskey())
    assert (await ada.call("DELETE", "me?confirm=ada@example.org")).status_code == 204
    async with ada.logins.service.database.read() as connection:
        store = SecondFactorStore(connection)
        left = (await store.totp(ada.id), await store.n_passkeys(ada.id), await store.n_codes_left(ada.id))
    assert left == (None, 0, 0)


@pytest.mark.parametrize(
    ("address", "possible"),
    [
        ("https://forecasts.example", True),
        ("http://localhost:8000", True),
        ("http://forecasts.example", False),
        ("http://127.0.0.1:8000", False),
        ("https://[::1]:8000", False),
    ],
)
def test_passkeys_need_a_name_that_browsers_take(address: str, *, possible: bool):
    assert can_have_passkeys(address) is possible


@ONE
@pytest.mark.parametrize(
    ("address", "origin"), [("https://API.test:443", "https://api.test"), ("https://api.test:8443", "https://api.test:8443")]
)
async def test_origins_are_compared_as_browsers_write_them(ada: Ada, address: str, origin: str):
    object.__setattr__(ada.logins.service.identity, "public_url", address)
    assert (await ada.add_passkey(passkey := SoftPasskey(origin=origin))).status_code == 201
    assert (await ada.log_in_with(passkey)).status_code == 200


@ONE
async def test_an_address_of_numbers_says_why_there_are_no_passkeys(ada: Ada):
    object.__setattr__(ada.logins.service.identity, "public_url", "http://127.0.0.1:8000")
    assert (await ada.logins.client.get("/v1/auth/options")).json()["passkeys"] is False
    assert (await ada.state())["passkeys_possible"] is False
    found = await ada.call("POST", "me/passkeys/options")
    assert (found.status_code, "PUBLIC_URL is http://127.0.0.1:8000" in found.json()["detail"]) == (409, True)
