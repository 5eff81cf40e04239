"""Attempts to get past the log-in, each refused (SEC-3, JWT-1, JWT-3, INP-4; OWASP ASVS 5, chapters 6 to 9)."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from btcforecast.accounts.login.tokens import AUDIENCE
from btcforecast.accounts.roles import RoleName
from btcforecast.core import ManualClock

sys.path.insert(0, str(Path(__file__).parent))
from logins import NOW, PAGE, PASSWORD, Logins  # found through the path set above

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def coded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def status(logins: Logins, token: str) -> int:
    return (await logins.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code


class Forger:
    """Makes tokens from a right one, with all that is known to whoever has no key."""

    def __init__(self, logins: Logins, right: str) -> None:
        self.key_id, self.key = logins.service.identity.vault.signing
        self.header = jwt.get_unverified_header(right)
        self.claims = jwt.decode(right, options={"verify_signature": False})

    def signed(
        self, *, key: bytes | None = None, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        given = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        return jwt.encode(
            given, key or self.key, algorithm=algorithm, headers={**self.header, "alg": algorithm, **(headers or {})}
        )


@pytest.fixture
async def forger(logins: Logins) -> Forger:
    await logins.add()
    found = Forger(logins, (await logins.session()).access)
    # What the forger makes with the right key and nothing changed counts, so that each refusal below has one reason.
    assert await status(logins, found.signed()) == 200
    return found


async def test_no_algorithm_is_no_signature(logins: Logins, forger: Forger):
    for alg in ("none", "None", "NONE", ""):
        assert await status(logins, f"{coded({**forger.header, 'alg': alg})}.{coded(forger.claims)}.") == 401


async def test_another_algorithm_than_ours_is_refused_even_with_our_key(logins: Logins, forger: Forger):
    for algorithm in ("HS384", "HS512"):
        assert await status(logins, forger.signed(algorithm=algorithm)) == 401


async def test_a_public_key_of_ours_is_no_secret_to_sign_with(logins: Logins, forger: Forger):
    public = Ed25519PrivateKey.generate().public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert await status(logins, forger.signed(key=raw)) == 401


async def test_a_key_of_their_own_a_wrong_id_or_a_path_as_id_is_refused(logins: Logins, forger: Forger):
    assert await status(logins, forger.signed(key=b"k" * 32)) == 401
    for kid in ("00000000", "../../dev/null", "' OR 1=1 --", "", None, ["x"], 7):
        header = {**forger.header, "kid": kid}
        assert await status(logins, f"{coded(header)}.{coded(forger.claims)}.{forger.signed().split('.')[2]}") == 401


async def test_keys_that_a_token_brings_along_are_not_looked_at(logins: Logins, forger: Forger):
    jwk = {"kty": "oct", "k": coded("k" * 32)}
    for extra in (
        {"jwk": jwk},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/c"},
        {"crit": ["exp"], "exp": 1},
    ):
        assert await status(logins, forger.signed(key=b"k" * 32, headers=extra)) == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 31},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"iat": NOW + 31},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-api"},
        {"aud": None},
        {"aud": [AUDIENCE + "x"]},
        {"sub": "p_" + "0" * 24},
        {"sid": "s_" + "0" * 24},
        {"sub": None},
        {"sid": None},
    ],
    ids=str,
)
async def test_a_claim_that_is_not_right_is_refused_under_the_right_signature(
    logins: Logins, forger: Forger, claims: dict[str, Any]
):
    assert await status(logins, forger.signed(**claims)) == 401


async def test_another_type_of_token_is_no_access_token(logins: Logins, forger: Forger):
    for typ in ("JWT", "rt+jwt", "", None):
        assert await status(logins, forger.signed(headers={"typ": typ})) == 401


async def test_clocks_may_differ_by_half_a_minute(logins: Logins, forger: Forger):
    assert await status(logins, forger.signed(exp=NOW - 29)) == 200
    assert await status(logins, forger.signed(iat=NOW + 30)) == 200


async def test_a_changed_role_in_a_token_or_cut_token_changes_nothing(logins: Logins, forger: Forger):
    head, _, tail = forger.signed().split(".")
    assert await status(logins, f"{head}.{coded({**forger.claims, 'role': 'administrator'})}.{tail}") == 401
    admin = forger.signed(role="administrator", permissions=["people:write"], scope="people:write")
    headers = {"Authorization": f"Bearer {admin}"}
    assert (await logins.client.get("/v1/people", headers=headers)).status_code == 403
    for cut in (f"{head}.", f"{head}..{tail}", f"{head}.{tail}", "a.b.c", ".." * 1, "." * 2000, forger.signed() + "x" * 3000):
        assert await status(logins, cut) == 401


async def test_each_kind_of_token_counts_for_itself_alone(logins: Logins):
    await logins.add()
    mine = await logins.session()
    assert await status(logins, mine.refresh) == 401
    assert (await logins.post("auth/refresh", {"refresh_token": mine.access})).status_code in (401, 422)
    await logins.post("auth/password/forgotten", {"email": "ada@example.org"})
    token = await logins.token("reset_password")
    assert await status(logins, token) == 401
    for path in ("auth/verify", "auth/unlock", "auth/email/confirm"):
        assert (await logins.post(path, {"token": token})).status_code == 401
    # None of these attempts has spent it.
    assert (
        await logins.post("auth/password/reset", {"token": token, "password": "nine blue bridges at dusk"})
    ).status_code == 200


async def test_a_reset_link_counts_once_and_newer_links_do_not_outlive_it(logins: Logins, clock: ManualClock):
    await logins.add()
    tokens = []
    for _ in range(2):
        await logins.post("auth/password/forgotten", {"email": "ada@example.org"})
        clock.at += 1
        tokens.append(await logins.token("reset_password"))
    body = {"token": tokens[0], "password": "nine blue bridges at dusk"}
    assert (await logins.post("auth/password/reset", body)).status_code == 200
    for token in tokens:
        again = {"token": token, "password": "somebody else's long password"}
        assert (await logins.post("auth/password/reset", again)).status_code == 401


async def test_a_session_is_never_one_that_was_there_before_the_log_in(logins: Logins):
    await logins.add()
    planted = {"btcf_refresh": "btcr_planted", "btcf_csrf": "planted"}
    found = await logins.log_in(headers={**PAGE, "Cookie": "; ".join(f"{name}={value}" for name, value in planted.items())})
    cookie = next(text for text in found.headers.get_list("set-cookie") if text.startswith("btcf_refresh="))
    assert "planted" not in cookie
    again = await logins.log_in(headers=PAGE)
    assert again.json()["session"]["session"]["id"] != found.json()["session"]["session"]["id"]


async def test_nobody_reaches_into_somebody_elses_account(logins: Logins):
    grace = await logins.add("grace@example.org")
    hers = await logins.session("grace@example.org")
    key = (await logins.post("me/keys", {"name": "hers"}, headers=hers.headers)).json()["key"]["id"]
    await logins.add()
    mine = (await logins.session()).headers
    client = logins.client
    assert (await client.delete(f"/v1/me/sessions/{hers.id}", headers=mine)).status_code == 404
    assert (await client.delete(f"/v1/me/keys/{key}", headers=mine)).status_code == 404
    assert (await client.post(f"/v1/me/keys/{key}/rotate", json={}, headers=mine)).status_code == 404
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/unlock"),
        ("DELETE", "/sessions"),
        ("POST", "/keys"),
    ):
        body = {"json": {"role": "administrator"}} if method == "PATCH" else {"json": {"name": "x"}} if path == "/keys" else {}
        assert (await client.request(method, f"/v1/people/{grace}{path}", headers=mine, **body)).status_code == 403
    events = (await client.get("/v1/me/events", headers=mine)).json()["events"]
    assert not [event for event in events if grace in (event["actor"], event["subject"])]
    assert (await client.get("/v1/me", headers=hers.headers)).status_code == 200


@pytest.mark.parametrize(
    "extra",
    [{"role": "administrator"}, {"id": "p_1"}, {"plan": "partner"}, {"email_verified_at": 1}, {"is_admin": True}],
    ids=str,
)
async def test_fields_that_nobody_may_set_are_refused_and_not_ignored(logins: Logins, extra: dict[str, Any]):
    await logins.add()
    mine = (await logins.session()).headers
    asked = {"email": "new@example.org", "password": PASSWORD, **extra}
    assert (await logins.post("auth/register", asked)).status_code == 422
    assert (await logins.client.patch("/v1/me", json={"name": "Ada", **extra}, headers=mine)).status_code == 422
    me = (await logins.client.get("/v1/me", headers=mine)).json()
    assert (me["person"]["role"], me["person"]["plan"]) == ("reader", "free")


async def test_nobody_raises_their_own_rights(logins: Logins):
    root = await logins.add("root@example.org", role=RoleName.ADMINISTRATOR)
    operator = await logins.add("op@example.org", role=RoleName.OPERATOR)
    as_root = (await logins.session("root@example.org")).headers
    as_operator = (await logins.session("op@example.org")).headers
    for who, headers, expected in ((root, as_root, 403), (operator, as_operator, 403)):
        found = await logins.client.patch(
            f"/v1/people/{who}", json={"role": "administrator" if who == operator else "reader"}, headers=headers
        )
        assert found.status_code == expected


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.org\x00@evil.example",
        "ada@example.org\r\nBcc: x@evil.example",
        "аda@example.org",
        "ada@ⓔxample.org",
        "ADA@EXAMPLE.ORG",
        "ada@example.org.",
    ],
)
async def test_addresses_that_look_alike_are_the_same_or_another_and_never_take_an_account(logins: Logins, email: str):
    person_id = await logins.add()
    found = await logins.post("auth/register", {"email": email, "password": PASSWORD})
    assert found.status_code in (202, 422)
    for letter in await logins.letters():
        # What compares as the same is told to its owner; what does not is an address of its own, as it was written.
        assert letter.kind == "already_registered" or letter.to != "ada@example.org"
    assert (await logins.client.get("/v1/me", headers=(await logins.session()).headers)).json()["person"]["id"] == person_id


async def test_names_with_hidden_characters_are_refused(logins: Logins):
    await logins.add()
    mine = (await logins.session()).headers
    for name in ("Ada\x00", "Ada\u202egnp.exe", "Ada\u200b", "Ada\n"):
        assert (await logins.client.patch("/v1/me", json={"name": name}, headers=mine)).status_code == 422


async def test_no_header_makes_somebody_else_of_who_asks(logins: Logins):
    await logins.add()
    for name in ("X-User", "X-Remote-User", "X-Forwarded-User", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override"):
        found = await logins.client.get("/v1/me", headers={name: "/v1/status"})
        assert found.status_code == 401
    mine = (await logins.session()).headers
    spoofed = {"X-Forwarded-For": "198.51.100.77", "Forwarded": "for=198.51.100.77", "X-Real-IP": "198.51.100.77"}
    await logins.log_in(headers=spoofed)
    sessions = (await logins.client.get("/v1/me/sessions", headers=mine)).json()["sessions"]
    assert {session["network"] for session in sessions} == {"203.0.113.7"}


async def test_links_in_letters_lead_to_our_own_address_whatever_the_host_header_says(logins: Logins):
    await logins.add()
    await logins.post(
        "auth/password/forgotten",
        {"email": "ada@example.org"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )
    for letter in await logins.letters():
        assert letter.link.startswith("https://api.test/")


async def test_odd_paths_and_methods_reach_nothing_closed(logins: Logins):
    for path in ("/v1/me/", "/v1//me", "/V1/ME", "/v1/me%2f", "/v1/./me", "/v1/people/..;/me", "/v1/me;.json", "/v1/me%00"):
        found = await logins.client.get(path)
        # What is no path of the API may be one of the page, which holds nothing.
        assert found.status_code in (401, 404) or found.headers["content-type"].startswith("text/html"), path
    for method in ("PUT", "TRACE", "PROPFIND", "GETX"):
        assert (await logins.client.request(method, "/v1/me")).status_code == 405
    assert (await logins.client.head("/v1/me")).status_code == 401


async def test_two_authorizations_or_one_in_the_query_do_not_do(logins: Logins):
    await logins.add()
    mine = await logins.session()
    assert (await logins.client.get("/v1/me", params={"access_token": mine.access})).status_code in (401, 422)
    both = [("Authorization", f"Bearer {mine.access}"), ("Authorization", "Bearer x.y.z")]
    assert (await logins.client.get("/v1/me", headers=both)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"password": PASSWORD},
        {"email": "ada@example.org", "passwort": PASSWORD},
        {"email": "ada@example.org", "password": [PASSWORD]},
        {"email": "ada@example.org", "password": PASSWORD * 30},
        {"email": 7, "password": PASSWORD},
        [PASSWORD],
    ],
    ids=["no-address", "mistyped", "list", "long", "number", "no-object"],
)
async def test_what_was_sent_in_a_body_is_never_sent_back(logins: Logins, body: Any):
    found = await logins.client.post("/v1/auth/login", json=body)
    assert found.status_code == 422
    assert PASSWORD not in found.text
    assert found.json()["errors"]
