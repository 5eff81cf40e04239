"""API keys: made, shown once, found again by the part that is no secret, rotated with overlap, revoked.

A key reads `btcf_<id>_<secret>_<checksum>`: scanners of published code know the prefix, and the checksum (CRC-32 of what is before it)
lets them tell a key from a chance likeness without asking. Only the secret's SHA-256 is stored: 190 random bits need no slow hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.caller import Caller
from btcforecast.accounts.people import find_person
from btcforecast.accounts.roles import ROLES, Permission, RoleName
from btcforecast.core.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from btcforecast.store.audit import AuditStore
from btcforecast.store.people import KeyRow, PeopleStore

DAY: Final = 86400
LONGEST_DAYS: Final = 366
"""No key counts for ever."""
DEFAULT_DAYS: Final = 90
LONGEST_OVERLAP_S: Final = 7 * DAY
MOST_KEYS: Final = 20
_LETTERS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_KEY: Final = re.compile(r"(btcf_([0-9A-Za-z]{12})_([0-9A-Za-z]{32}))_([0-9A-Za-z]{6})")
_LONGEST_NAME: Final = 64
_WRONG: Final = "This API key does not count: it is not one of ours, or was mistyped."


async def create_key(
    connection: AsyncConnection,
    person_id: str,
    *,
    name: str,
    scopes: Iterable[str],
    allowed: frozenset[Permission],
    days: int,
    actor: Actor,
    at: int,
) -> tuple[KeyRow, str]:
    """Make a key and return it with its text, which nobody can read again.

    allowed: the most that its scopes may be: never more than who asks for it has. Raises InputError, NotFoundError, and
    ConflictError where the name is taken or there are too many.
    """
    asked = _scopes(scopes, allowed)
    _check_name(name)
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError(f"A key counts for 1 to {LONGEST_DAYS} days; {days:,} were asked for.")
    await AuditStore(connection).lock()
    person = await find_person(connection, person_id)
    counting = [key for key in await PeopleStore(connection).keys(person.id) if is_counting(key, at)]
    if any(key.name == name for key in counting):
        raise ConflictError(f"There is a key “{name}” already; rotate it, or choose another name.")
    if len(counting) >= MOST_KEYS:
        raise ConflictError(f"There are {MOST_KEYS} keys already; revoke one that is not needed.")
    made, text = _made(person.id, name, " ".join(asked), created_at=at, expires_at=at + days * DAY)
    await PeopleStore(connection).add_key(made)
    await _audit(connection, "key.created", made, actor, at, scopes=made.scopes, expires_at=made.expires_at)
    return made, text


async def rotate_key(
    connection: AsyncConnection,
    person_id: str,
    key_id: str,
    *,
    overlap_s: int,
    allowed: frozenset[Permission],
    actor: Actor,
    at: int,
) -> tuple[KeyRow, str]:
    """Make a key that takes another's place, for as long as that one was made for, and return it with its text.

    The old one counts for `overlap_s` seconds more. allowed: as in `create_key`, so that nobody rotates into a key that may more than the
    one they ask with. Raises NotFoundError, ConflictError where it no longer counts, InputError.
    """
    if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
        raise InputError(f"Both keys can count together for 0 to {LONGEST_OVERLAP_S // DAY} days.")
    await AuditStore(connection).lock()
    old = await _own_key(connection, person_id, key_id)
    if not is_counting(old, at) or old.replaced_by is not None:
        raise ConflictError(f"The key “{old.name}” no longer counts or was rotated before; make a new one.")
    _scopes(old.scopes.split(), allowed)
    expires_at = None if old.expires_at is None else at + old.expires_at - old.created_at
    made, text = _made(person_id, old.name, old.scopes, created_at=at, expires_at=expires_at)
    store = PeopleStore(connection)
    await store.add_key(made)
    ends_at = min(at + overlap_s, old.expires_at or at + overlap_s)
    await store.change_key(old.id, replaced_by=made.id, expires_at=ends_at)
    await _audit(connection, "key.rotated", old, actor, at, replaced_by=made.id, counts_until=ends_at)
    return made, text


async def revoke_key(connection: AsyncConnection, person_id: str, key_id: str, *, actor: Actor, at: int) -> KeyRow:
    """Make a key count for nothing, at once, and return it; one that was revoked before stays as it is. Raises NotFoundError."""
    await AuditStore(connection).lock()
    key = await _own_key(connection, person_id, key_id)
    if key.revoked_at is not None:
        return key
    await PeopleStore(connection).change_key(key.id, revoked_at=at)
    await _audit(connection, "key.revoked", key, actor, at)
    return replace(key, revoked_at=at)


def is_counting(key: KeyRow, at: int) -> bool:
    """Say whether a key is neither revoked nor past its end."""
    return key.revoked_at is None and (key.expires_at is None or at < key.expires_at)


def key_id_of(text: str) -> str | None:
    """Return the id in the text of a key, or None where this cannot be one: form or checksum are wrong."""
    found = _KEY.fullmatch(text)
    return found[2] if found is not None and hmac.compare_digest(_checksum(found[1]), found[4]) else None


async def authenticate(connection: AsyncConnection, text: str, *, at: int) -> Caller:
    """Return who asks with this key. Raises UnauthenticatedError, which says more only to whoever has the right secret."""
    key_id = key_id_of(text)
    store = PeopleStore(connection)
    key = None if key_id is None else await store.key(key_id)
    # The comparison is made in any case, so that an unknown id takes no less time than a wrong secret.
    stored = key.secret_hash if key is not None else bytes(32)
    if not hmac.compare_digest(_hashed(text), stored) or key is None:
        raise UnauthenticatedError(_WRONG)
    if key.revoked_at is not None:
        raise UnauthenticatedError(f"The API key “{key.name}” was revoked.")
    if not is_counting(key, at):
        raise UnauthenticatedError(f"The API key “{key.name}” has expired; make a new one, or rotate keys before they end.")
    person = await store.person(person_id=key.person_id)
    if person is None or person.disabled_at is not None:
        raise UnauthenticatedError("This account is disabled; ask an administrator.")
    scopes = frozenset(Permission(scope) for scope in key.scopes.split())
    return Caller(person, ROLES[RoleName(person.role)].permissions & scopes, key=key)


def _made(person_id: str, name: str, scopes: str, *, created_at: int, expires_at: int | None) -> tuple[KeyRow, str]:
    key_id, secret = ("".join(secrets.choice(_LETTERS) for _ in range(n)) for n in (12, 32))
    text = f"btcf_{key_id}_{secret}"
    text = f"{text}_{_checksum(text)}"
    return KeyRow(key_id, person_id, name, scopes, _hashed(text), created_at, expires_at), text


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, len(_LETTERS))
        digits = _LETTERS[digit] + digits
    return digits


def _scopes(scopes: Iterable[str], allowed: frozenset[Permission]) -> list[str]:
    asked = sorted(set(scopes))
    unknown = [scope for scope in asked if scope not in list(Permission)]
    if unknown:
        raise InputError(f"There is no scope “{unknown[0][:40]}”; use {', '.join(Permission)}.")
    beyond = [scope for scope in asked if Permission(scope) not in allowed]
    if beyond:
        raise InputError(f"A key cannot have the scope {beyond[0]}: whoever asks for it has not got it.")
    return asked


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME or any(unicodedata.category(letter).startswith("C") for letter in name):
        raise InputError(f"A key's name has 1 to {_LONGEST_NAME} characters and no control characters.")


async def _own_key(connection: AsyncConnection, person_id: str, key_id: str) -> KeyRow:
    key = await PeopleStore(connection).key(key_id)
    # Somebody else's key is as unknown as one that does not exist.
    if key is None or key.person_id != person_id:
        raise NotFoundError(f"There is no key “{key_id[:40]}” here.")
    return key


async def _audit(connection: AsyncConnection, action: str, key: KeyRow, actor: Actor, at: int, **facts: object) -> None:
    await AuditLog(connection).record(action, actor=actor, at=at, subject=key.person_id, facts={"key": key.id, **facts})
