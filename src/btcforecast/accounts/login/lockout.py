"""What slows somebody down who guesses passwords, without locking the owner out for good.

Attempts are counted by address of mail, also by those that nobody has, so that answers tell nothing. A network from which the person has
logged in before has a count of its own: whoever fails elsewhere does not lock them out at home. A lock ends by itself, by a link in mail, by
an administrator, or by a new password; passkeys are not asked for it at all (OWASP ASVS 5, 6.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.encryption.vault import Vault
from btcforecast.core.errors import LockedError
from btcforecast.store.sessions import AttemptsRow, AttemptStore, SessionStore

FREE_FAILURES: Final = 5
FIRST_LOCK_S: Final = 60
LONGEST_LOCK_S: Final = 3600
FORGOTTEN_AFTER_S: Final = 86400
"""After a day without a failure it begins anew."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that was counted before it is looked at, so that a thousand at once are a thousand. n: in a row that failed, with it."""

    subject: bytes
    n: int
    locked_until: int

    @property
    def locks_first(self) -> bool:
        """Say whether this attempt, should it fail, is the one that begins to lock."""
        return self.n == FREE_FAILURES


async def begin_attempt(
    connection: AsyncConnection, vault: Vault, *, email_key: str, person_id: str | None, network: str, at: int
) -> Attempt:
    """Count an attempt as failed and return it; one that succeeds is forgotten. Raises LockedError while the address is locked.

    From the fifth failure on each locks twice as long as the one before.
    """
    # Somebody without an account is looked up like everybody else, so that it takes as long.
    known = await known_networks(connection, person_id or "")
    subject = vault.blinded(_at(email_key, network) if network in known else email_key)
    store = AttemptStore(connection)
    await store.lock(subject)
    row = await store.attempts(subject)
    n = 1
    if row is not None and at - max(row.last_at, row.locked_until) < FORGOTTEN_AFTER_S:
        if at < row.locked_until:
            raise _locked(row.locked_until - at)
        n = row.n_failures + 1
    locked_until = at + min(LONGEST_LOCK_S, FIRST_LOCK_S << min(n - FREE_FAILURES, 10)) if n >= FREE_FAILURES else 0
    await store.put(AttemptsRow(subject, n, at, locked_until), is_first=row is None)
    return Attempt(subject, n, locked_until)


async def forgive(connection: AsyncConnection, attempt: Attempt) -> None:
    """Forget this attempt and those before it: it succeeded."""
    await AttemptStore(connection).forget(attempt.subject)


async def unlock(connection: AsyncConnection, vault: Vault, *, email_key: str, person_id: str) -> None:
    """Forget all failures of an address, also those from networks of its own."""
    store = AttemptStore(connection)
    networks = await known_networks(connection, person_id)
    for text in (email_key, *(_at(email_key, network) for network in networks)):
        await store.forget(vault.blinded(text))


async def known_networks(connection: AsyncConnection, person_id: str) -> frozenset[str]:
    """Return from where a person has logged in, as far as sessions are kept."""
    return await SessionStore(connection).networks(person_id)


def _at(email_key: str, network: str) -> str:
    return f"{email_key} {network}"


def _locked(seconds: int) -> LockedError:
    minutes = -(-seconds // 60)
    span = "a minute" if minutes == 1 else f"{minutes} minutes"
    return LockedError(
        f"Too many log-ins failed for this address. Try again in {span}, or use the link in the mail that we sent, a passkey, or a new password.",
        retry_after_s=seconds,
    )
