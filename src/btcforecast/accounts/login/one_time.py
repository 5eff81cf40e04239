"""Tokens that count once: links in mail and the second steps of log-ins. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core.errors import UnauthenticatedError
from btcforecast.store.sessions import OneTimeTokenRow, OneTimeTokenStore

MINUTE: Final = 60
HOUR: Final = 3600
_MOST_FAILURES: Final = 5


class Purpose(StrEnum):
    """What a token is for; it counts for nothing else."""

    REGISTER = "register"
    INVITE = "invite"
    RESET_PASSWORD = "reset_password"  # noqa: S105  # a purpose's name
    CONFIRM_NEW_ADDRESS = "confirm_new_address"
    CONFIRM_OLD_ADDRESS = "confirm_old_address"
    UNLOCK = "unlock"
    SECOND_FACTOR = "second_factor"
    PASSKEY_NEW = "passkey_new"  # as above
    PASSKEY_LOGIN = "passkey_login"  # as above


LIFETIMES: Final = {
    Purpose.REGISTER: 24 * HOUR,
    Purpose.INVITE: 72 * HOUR,
    Purpose.RESET_PASSWORD: 30 * MINUTE,
    Purpose.CONFIRM_NEW_ADDRESS: 24 * HOUR,
    Purpose.CONFIRM_OLD_ADDRESS: 24 * HOUR,
    Purpose.UNLOCK: 24 * HOUR,
    Purpose.SECOND_FACTOR: 5 * MINUTE,
    Purpose.PASSKEY_NEW: 5 * MINUTE,
    Purpose.PASSKEY_LOGIN: 5 * MINUTE,
}
"""Seconds."""


@dataclass(frozen=True, slots=True)
class OneTime:
    """What a token was made for. person_id: None where it is not known yet who will use it."""

    person_id: str | None
    facts: dict[str, Any]


async def make_one_time(
    connection: AsyncConnection, purpose: Purpose, *, person_id: str | None, facts: Mapping[str, Any] | None = None, at: int
) -> str:
    """Return the text of a new token."""
    text = secrets.token_urlsafe(32)
    row = OneTimeTokenRow(_hashed(text), person_id, purpose, json.dumps(dict(facts or {})), at, at + LIFETIMES[purpose])
    await OneTimeTokenStore(connection).add(row)
    return text


async def read_one_time(connection: AsyncConnection, text: str, purpose: Purpose, *, at: int) -> OneTime:
    """Return what a token was made for and leave it unspent. Raises UnauthenticatedError where it does not count."""
    row = await OneTimeTokenStore(connection).token(_hashed(text))
    counts = row is not None and row.purpose == purpose and row.spent_at is None and at < row.expires_at
    if row is None or not counts or row.n_failures >= _MOST_FAILURES:
        raise UnauthenticatedError("This link or code does not count any more: it was used, has expired, or is not one of ours.")
    return OneTime(row.person_id, json.loads(row.payload))


async def purpose_of(connection: AsyncConnection, text: str, among: tuple[Purpose, ...], *, at: int) -> Purpose:
    """Return which of these a token is for. Raises UnauthenticatedError where it is for none of them, or does not count."""
    row = await OneTimeTokenStore(connection).token(_hashed(text))
    purpose = among[0] if row is None or row.purpose not in among else Purpose(row.purpose)
    await read_one_time(connection, text, purpose, at=at)
    return purpose


async def spend_one_time(connection: AsyncConnection, text: str, purpose: Purpose, *, at: int) -> OneTime:
    """Return what a token was made for; it counts for nothing from now on. Raises UnauthenticatedError where it does not count."""
    found = await read_one_time(connection, text, purpose, at=at)
    if not await OneTimeTokenStore(connection).spend(_hashed(text), at=at):
        raise UnauthenticatedError("This link or code was used before.")
    return found


async def count_wrong_answer(connection: AsyncConnection, text: str) -> None:
    """Count a wrong answer to what a token asks; after some it counts for nothing."""
    await OneTimeTokenStore(connection).count_failure(_hashed(text))


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
