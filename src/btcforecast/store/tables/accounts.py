"""People, their API keys, what they have used, and the audit log."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text, false

from btcforecast.store.tables.metadata import metadata

people: Final = Table(
    "people",
    metadata,
    # Random, because the audit log keeps it when the person is gone.
    Column("id", String(26), primary_key=True),
    Column("email", String(254), nullable=False),
    # The address as it is compared: two that a person would take for the same are the same.
    Column("email_key", String(254), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    # When somebody showed that mail to the address reaches them.
    Column("email_verified_at", BigInteger),
    # argon2id in the PHC form; none: no log-in by password.
    Column("password_hash", String(256)),
    Column("password_changed_at", BigInteger),
    # Made by CREATE_DEFAULT_USERS with a password that everybody can read, and not changed since.
    Column("password_is_default", Boolean, nullable=False, server_default=false()),
    Column("plan", String(16), nullable=False, server_default="free"),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    # The part of a key that is no secret; a key is found by it.
    Column("id", String(12), primary_key=True),
    Column("person_id", String(26), ForeignKey("people.id"), nullable=False),
    Column("name", String(64), nullable=False),
    # Names of permissions, separated by spaces.
    Column("scopes", Text, nullable=False),
    # SHA-256 of the secret part.
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
    # The key that took its place when it was rotated.
    Column("replaced_by", String(12)),
    Index(None, "person_id"),
)

usage_days: Final = Table(
    "usage_days",
    metadata,
    Column("person_id", String(26), ForeignKey("people.id"), primary_key=True),
    # The first second of a day (UTC).
    Column("day", BigInteger, primary_key=True),
    # Empty for requests of sessions.
    Column("key_id", String(12), primary_key=True),
    Column("n_requests", BigInteger, nullable=False),
    # What they cost by the endpoints' weights.
    Column("cost", BigInteger, nullable=False),
)

audit_entries: Final = Table(
    "audit_entries",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    # A person's id, or "command line", or "anonymous": never a name or an address of mail.
    Column("actor", String(32), nullable=False),
    Column("action", String(32), nullable=False),
    # The person whom it was done to, if there is one.
    Column("subject", String(32)),
    Column("result", String(16), nullable=False),
    # Exactly the text that is hashed: canonical JSON of all of this, of the previous hash, and of what else is to be known.
    Column("body", Text, nullable=False),
    Column("entry_hash", LargeBinary(32), nullable=False),
    Index(None, "actor", "seq"),
    Index(None, "subject", "seq"),
)

# Where from, apart from the entry, which holds its salted hash: it is forgotten after some time, and the chain stays whole.
audit_networks: Final = Table(
    "audit_networks",
    metadata,
    Column("seq", BigInteger, ForeignKey("audit_entries.seq"), primary_key=True, autoincrement=False),
    Column("network", String(64), nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
)
