"""Passkeys (W3C Web Authentication, level 3): made, used to log in without a password, renamed, removed.

A passkey is on a device that asks for a finger, a face or a PIN, and signs only for our address: it stands for two factors and cannot be
given away to another site. The ceremonies are verified by py_webauthn, which is loaded when the first one begins.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import ANONYMOUS, Actor, AuditLog
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login.one_time import Purpose, make_one_time, spend_one_time
from btcforecast.accounts.second_factor.state import note_change
from btcforecast.core.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from btcforecast.store.audit import AuditStore
from btcforecast.store.people import PeopleStore, PersonRow
from btcforecast.store.second_factor import PasskeyRow, PasskeyStore

MOST_PASSKEYS: Final = 20
LONGEST_NAME: Final = 64
_LONGEST_ID: Final = 1364
_NAME: Final = "btcforecast"
_NOT_RIGHT: Final = "This passkey does not log anybody in here."


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a browser is asked to do. token: to be sent back with its answer; options: as the browser takes them (PublicKeyCredential…OptionsJSON)."""

    token: str
    options: dict[str, Any]


def can_have_passkeys(public_url: str) -> bool:
    """Say whether browsers make passkeys for this address: for names only, by https:// or on the own machine (WebAuthn, section 5.1.2)."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return parts.scheme == "https" or host == "localhost"
    return False


async def begin_passkey(identity: Identity, person: PersonRow, *, at: int) -> Ceremony:
    """Return what makes a passkey. Raises ConflictError where the address allows none, or there are too many."""
    host = await _ready(identity)
    from webauthn import base64url_to_bytes, generate_registration_options  # noqa: PLC0415  # loaded by _ready
    from webauthn.helpers import bytes_to_base64url, options_to_json_dict  # noqa: PLC0415  # as above
    from webauthn.helpers.structs import (  # noqa: PLC0415  # as above
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    async with identity.database.transaction() as connection:
        known = await PasskeyStore(connection).of_person(person.id)
        _refuse_too_many(known)
        options = generate_registration_options(
            rp_id=host,
            rp_name=_NAME,
            # A random id, so that the device holds no address where nobody looks for one (WebAuthn, section 14.6.1).
            user_id=person.id.encode(),
            user_name=person.email,
            user_display_name=person.name or person.email,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(row.credential_id)) for row in known],
        )
        facts = {"challenge": bytes_to_base64url(options.challenge)}
        token = await make_one_time(connection, Purpose.PASSKEY_NEW, person_id=person.id, facts=facts, at=at)
    return Ceremony(token, options_to_json_dict(options))


async def finish_passkey(
    identity: Identity, person: PersonRow, token: str, credential: Mapping[str, Any], *, name: str, actor: Actor, at: int
) -> PasskeyRow:
    """Keep a passkey that was made, and return it.

    Raises InputError for an answer that does not fit, UnauthenticatedError for a token that does not count, ConflictError where the
    passkey is known or there are too many.
    """
    _check_name(name)
    host = await _ready(identity)
    from webauthn import base64url_to_bytes, verify_registration_response  # noqa: PLC0415  # loaded by _ready
    from webauthn.helpers import bytes_to_base64url, parse_registration_credential_json  # noqa: PLC0415  # as above

    challenge = await _spend(identity, token, Purpose.PASSKEY_NEW, person_id=person.id, at=at)
    try:
        given = parse_registration_credential_json(dict(credential))
        found = verify_registration_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=host,
            expected_origin=_origin(identity.public_url),
            require_user_verification=True,
        )
    except Exception as e:  # whatever the library makes of bytes that a stranger chose
        raise InputError("This is not the passkey that was asked for; try once more.") from e
    row = PasskeyRow(
        credential_id=bytes_to_base64url(found.credential_id),
        person_id=person.id,
        name=name,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=" ".join(transport.value for transport in given.response.transports or ()),
        is_backed_up=found.credential_backed_up,
        created_at=at,
    )
    if len(row.credential_id) > _LONGEST_ID:
        raise InputError("The passkey's id is longer than the standard allows.")
    async with identity.database.transaction() as connection:
        # Whoever changes accounts does it one after another, so that nobody counts at the same moment.
        await AuditStore(connection).lock()
        store = PasskeyStore(connection)
        _refuse_too_many(await store.of_person(person.id))
        if await store.passkey(row.credential_id) is not None:
            raise ConflictError("This passkey is set up already.")
        await store.add(row)
        what, facts = f"A passkey, “{name}”, was added.", {"passkey": _known_as(row)}
        await note_change(identity, connection, person, "passkey.added", what, actor=actor, at=at, facts=facts)
    return row


async def begin_passkey_login(identity: Identity, *, at: int) -> Ceremony:
    """Return what asks for a passkey, of whomever. Raises ConflictError where the address allows none."""
    host = await _ready(identity)
    from webauthn import generate_authentication_options  # noqa: PLC0415  # loaded by _ready
    from webauthn.helpers import bytes_to_base64url, options_to_json_dict  # noqa: PLC0415  # as above
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415  # as above

    options = generate_authentication_options(rp_id=host, user_verification=UserVerificationRequirement.REQUIRED)
    facts = {"challenge": bytes_to_base64url(options.challenge)}
    async with identity.database.transaction() as connection:
        token = await make_one_time(connection, Purpose.PASSKEY_LOGIN, person_id=None, facts=facts, at=at)
    return Ceremony(token, options_to_json_dict(options))


async def use_passkey(identity: Identity, token: str, credential: Mapping[str, Any], *, network: str, at: int) -> PersonRow:
    """Return the person whose passkey answered. Raises UnauthenticatedError, also for somebody who is disabled.

    A counter that has not grown means that there are two of the passkey (WebAuthn, section 6.1.1): it is refused, and the audit log says so.
    """
    host = await _ready(identity)
    challenge = await _spend(identity, token, Purpose.PASSKEY_LOGIN, person_id=None, at=at)
    async with identity.database.read() as connection:
        row = await PasskeyStore(connection).passkey(str(credential.get("id", ""))[:_LONGEST_ID])
        person = None if row is None else await PeopleStore(connection).person(person_id=row.person_id)
    if row is None or person is None or person.disabled_at is not None:
        raise UnauthenticatedError(_NOT_RIGHT)
    try:
        sign_count, is_backed_up = _verified(identity, host, row, challenge, credential)
    except Exception as e:  # whatever the library makes of bytes that a stranger chose
        await _note_refusal(identity, row, "signature", network=network, at=at)
        raise UnauthenticatedError(_NOT_RIGHT) from e
    async with identity.database.transaction() as connection:
        has_grown = await PasskeyStore(connection).count_use(
            row.credential_id, sign_count=sign_count, is_backed_up=is_backed_up, at=at
        )
        if has_grown:
            actor, facts = Actor(person.id, network=network), {"passkey": _known_as(row)}
            await AuditLog(connection).record("passkey.used", actor=actor, at=at, subject=person.id, facts=facts)
            return person
    await _note_refusal(identity, row, "counter", network=network, at=at)
    raise UnauthenticatedError(_NOT_RIGHT)


async def rename_passkey(
    connection: AsyncConnection, person_id: str, credential_id: str, name: str, *, actor: Actor, at: int
) -> PasskeyRow:
    """Call a passkey something else and return it. Raises NotFoundError where the person has none like that."""
    _check_name(name)
    row = await _own(connection, person_id, credential_id)
    await PasskeyStore(connection).change(credential_id, name=name)
    await AuditLog(connection).record("passkey.renamed", actor=actor, at=at, subject=person_id, facts={"passkey": _known_as(row)})
    return replace(row, name=name)


async def remove_passkey(
    identity: Identity, connection: AsyncConnection, person: PersonRow, credential_id: str, *, actor: Actor, at: int
) -> None:
    """Forget a passkey. Raises NotFoundError where the person has none like that."""
    row = await _own(connection, person.id, credential_id)
    await PasskeyStore(connection).drop(credential_id)
    what, facts = f"The passkey “{row.name}” was removed.", {"passkey": _known_as(row)}
    await note_change(identity, connection, person, "passkey.removed", what, actor=actor, at=at, facts=facts)


async def _ready(identity: Identity) -> str:
    """Load the library, off the event loop, and return the host that passkeys are bound to."""
    if not can_have_passkeys(identity.public_url):
        raise ConflictError(f"Passkeys need a name reached by https://, or localhost; PUBLIC_URL is {identity.public_url}.")
    await asyncio.to_thread(__import__, "webauthn")
    return urlsplit(identity.public_url).hostname or ""


def _origin(public_url: str) -> str:
    """Return the address as browsers write an origin (RFC 6454, section 6.2)."""
    parts = urlsplit(public_url)
    is_default = parts.port in (None, {"https": 443, "http": 80}[parts.scheme])
    return f"{parts.scheme}://{parts.hostname}" + ("" if is_default else f":{parts.port}")


async def _spend(identity: Identity, token: str, purpose: Purpose, *, person_id: str | None, at: int) -> str:
    """Return the challenge, in base64url; it is spent whatever the answer to it is worth."""
    async with identity.database.transaction() as connection:
        asked = await spend_one_time(connection, token, purpose, at=at)
    if asked.person_id != person_id:
        raise UnauthenticatedError("This was begun by somebody else.")
    return str(asked.facts["challenge"])


def _verified(identity: Identity, host: str, row: PasskeyRow, challenge: str, credential: Mapping[str, Any]) -> tuple[int, bool]:
    """Return the counter, and whether the passkey is kept elsewhere, too; raises whatever is wrong."""
    from webauthn import base64url_to_bytes, verify_authentication_response  # noqa: PLC0415  # loaded by _ready
    from webauthn.helpers import parse_authentication_credential_json  # noqa: PLC0415  # as above

    given = parse_authentication_credential_json(dict(credential))
    if given.response.user_handle != row.person_id.encode():
        # WebAuthn, section 7.2, step 6: whoever has not said who they are is named by the passkey itself.
        raise UnauthenticatedError(_NOT_RIGHT)
    found = verify_authentication_response(
        credential=given,
        expected_challenge=base64url_to_bytes(challenge),
        expected_rp_id=host,
        expected_origin=_origin(identity.public_url),
        credential_public_key=row.public_key,
        # The counter is compared where it is stored, so that two uses at the same moment are told apart.
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    return found.new_sign_count, found.credential_backed_up


async def _note_refusal(identity: Identity, row: PasskeyRow, why: str, *, network: str, at: int) -> None:
    facts = {"passkey": _known_as(row), "why": why}
    async with identity.database.transaction() as connection:
        actor = Actor(ANONYMOUS, network=network)
        await AuditLog(connection).record(
            "passkey.refused", actor=actor, at=at, subject=row.person_id, result="refused", facts=facts
        )


async def _own(connection: AsyncConnection, person_id: str, credential_id: str) -> PasskeyRow:
    row = await PasskeyStore(connection).passkey(credential_id)
    if row is None or row.person_id != person_id:
        raise NotFoundError("You have no such passkey.")
    return row


def _known_as(row: PasskeyRow) -> str:
    """Return how the audit log tells passkeys apart."""
    return hashlib.sha256(row.credential_id.encode()).hexdigest()[:12]


def _refuse_too_many(known: list[PasskeyRow]) -> None:
    if len(known) >= MOST_PASSKEYS:
        raise ConflictError(f"There are {MOST_PASSKEYS} passkeys already, as many as can be; remove one first.")


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME or any(unicodedata.category(letter).startswith("C") for letter in name):
        raise InputError(f"A passkey's name has 1 to {LONGEST_NAME} characters and no control characters.")
