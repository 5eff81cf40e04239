"""Letters to people: written down in the transaction that is their reason, and sent by the worker."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.encryption.vault import Vault
from btcforecast.store.mail import MailRow, MailStore


class Letter(StrEnum):
    """The kinds of letters; each has a template of its name. What its facts are is said there."""

    VERIFY_ADDRESS = "verify_address"
    """To somebody who signed up. link, hours."""
    ALREADY_REGISTERED = "already_registered"
    """Somebody signed up with an address that has an account. link: to the log-in."""
    RESET_PASSWORD = "reset_password"  # noqa: S105  # a letter's name
    """link, minutes."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # as above
    """at."""
    CONFIRM_NEW_ADDRESS = "confirm_new_address"
    """To the new address. link, hours."""
    ADDRESS_CHANGE_ASKED = "address_change_asked"
    """To the old address. new: the new one, link: confirms from this side."""
    ADDRESS_CHANGED = "address_changed"
    """To the old address. new, at."""
    ACCOUNT_LOCKED = "account_locked"
    """link: unlocks; until."""
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    """what: a sentence, at."""
    ACCOUNT_DELETED = "account_deleted"
    """at."""
    INVITED = "invited"
    """To somebody whom an administrator added. link: sets a password; hours."""
    TEST = "test"
    """By command, to see whether mail arrives. at."""


FACTS: Final[dict[Letter, frozenset[str]]] = {
    Letter.VERIFY_ADDRESS: frozenset({"link", "hours"}),
    Letter.ALREADY_REGISTERED: frozenset({"link"}),
    Letter.RESET_PASSWORD: frozenset({"link", "minutes"}),
    Letter.PASSWORD_CHANGED: frozenset({"at"}),
    Letter.CONFIRM_NEW_ADDRESS: frozenset({"link", "hours"}),
    Letter.ADDRESS_CHANGE_ASKED: frozenset({"new", "link"}),
    Letter.ADDRESS_CHANGED: frozenset({"new", "at"}),
    Letter.ACCOUNT_LOCKED: frozenset({"link", "until"}),
    Letter.SECOND_FACTOR_CHANGED: frozenset({"what", "at"}),
    Letter.ACCOUNT_DELETED: frozenset({"at"}),
    Letter.INVITED: frozenset({"link", "hours"}),
    Letter.TEST: frozenset({"at"}),
}
"""What each letter says beside its template. minutes and hours: for how long the link counts, and the letter is worth sending."""


async def post(
    connection: AsyncConnection,
    vault: Vault,
    letter: Letter,
    *,
    to: str,
    person_id: str | None,
    facts: Mapping[str, str],
    at: int,
) -> None:
    """Write a letter down, to be sent when the caller's transaction is committed, and never without it.

    Raises ValueError where the facts are not those of the letter, here and not when nobody looks any more.
    """
    if facts.keys() != FACTS[letter]:
        raise ValueError(f"The letter {letter} says {', '.join(sorted(FACTS[letter]))}, not {', '.join(sorted(facts))}.")
    letter_id = f"m_{secrets.token_hex(12)}"
    sealed = vault.seal(json.dumps(dict(facts)).encode(), place=f"mail:{letter_id}")
    await MailStore(connection).add(MailRow(letter_id, person_id, to, letter, sealed, at, at))
