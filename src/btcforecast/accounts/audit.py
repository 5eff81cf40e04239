"""The audit log: every security event and administrative act, each entry bound to the one before by its hash.

It names people by their random ids and networks by salted hashes, so that it stays whole when who and where from are forgotten.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.audit import AuditRow, AuditStore

FIRST_HASH: Final = bytes(32)
"""What the first entry names as the hash before it."""
COMMAND_LINE: Final = "command line"
ANONYMOUS: Final = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person's id, `COMMAND_LINE` or `ANONYMOUS`. network: an address's prefix; key_id: with which key."""

    id: str
    network: str | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFault:
    """The first entry that is not what was written, and why."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a verification found. last_hash: to be kept elsewhere, so that a log that was cut short can be told."""

    n_entries: int
    last_hash: str
    fault: AuditFault | None


@dataclass(slots=True)
class AuditLog:
    """The log on the caller's connection; never commits."""

    connection: AsyncConnection
    _store: AuditStore = field(init=False)

    def __post_init__(self) -> None:
        self._store = AuditStore(self.connection)

    async def record(
        self,
        action: str,
        *,
        actor: Actor,
        at: int,
        subject: str | None = None,
        result: str = "done",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Append an entry. facts: what else is to be known; never a secret, a name or an address of mail."""
        await self._store.lock()
        last = await self._store.last()
        seq, previous = (0, FIRST_HASH) if last is None else (last.seq + 1, last.entry_hash)
        salt = None if actor.network is None else secrets.token_bytes(16)
        body: dict[str, Any] = {
            "seq": seq,
            "at": at,
            "actor": actor.id,
            "network_hash": None if actor.network is None or salt is None else network_hash(salt, actor.network),
            "key": actor.key_id,
            "action": action,
            "subject": subject,
            "result": result,
            "facts": dict(facts or {}),
            "prev": previous.hex(),
        }
        text = rfc8785.dumps(body)
        entry_hash = hashlib.sha256(text).digest()
        await self._store.add(
            AuditRow(seq, at, actor.id, action, subject, result, text.decode(), entry_hash, network=actor.network, salt=salt)
        )


def network_hash(salt: bytes, network: str) -> str:
    """Return what an entry holds of where it came from: without the salt, which goes with the network, nobody can guess it."""
    return hashlib.sha256(salt + network.encode()).hexdigest()


def entry_of(row: AuditRow) -> dict[str, Any]:
    """Return what an entry says, with where from as long as that is known; the first entries held it in their text."""
    body: dict[str, Any] = json.loads(row.body)
    body["network"] = row.network if row.network is not None else body.get("network")
    return body


async def verify_audit(connection: AsyncConnection) -> AuditReport:
    """Check every entry: its hash, its place in the chain, and that what is searched says what is hashed."""
    n_entries, previous = 0, FIRST_HASH
    async for rows in AuditStore(connection).pages():
        for row in rows:
            what = _fault(row, n_entries, previous)
            if what is not None:
                return AuditReport(n_entries, previous.hex(), AuditFault(n_entries, what))
            n_entries, previous = n_entries + 1, row.entry_hash
    return AuditReport(n_entries, previous.hex(), None)


def _fault(row: AuditRow, seq: int, previous: bytes) -> str | None:
    if row.seq != seq:
        return f"entry {seq} is missing"
    if hashlib.sha256(row.body.encode()).digest() != row.entry_hash:
        return "its text is not what was hashed"
    body = json.loads(row.body)
    if body["prev"] != previous.hex():
        return "it does not follow the entry before it"
    searched = ("seq", "at", "actor", "action", "subject", "result")
    if any(body[name] != getattr(row, name) for name in searched):
        return "its columns do not say what its text says"
    if row.network is not None and row.salt is not None and body.get("network_hash") != network_hash(row.salt, row.network):
        return "its network is not what was hashed"
    return None
