"""Log-ins: sessions, their refresh tokens, single-use tokens, failed attempts, second factors and passkeys."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from btcforecast.store.tables.metadata import metadata

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("person_id", String(26), ForeignKey("people.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=False),
    # The latest that it can be, however often it is refreshed.
    Column("expires_at", BigInteger, nullable=False),
    # When the person last proved who they are, for acts that want it to be recent.
    Column("authenticated_at", BigInteger, nullable=False),
    # How: names of RFC 8176, separated by spaces.
    Column("methods", String(40), nullable=False),
    # An address's prefix.
    Column("network", String(64), nullable=False),
    # What the client calls itself.
    Column("device", String(200), nullable=False),
    Column("revoked_at", BigInteger),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

refresh_tokens: Final = Table(
    "refresh_tokens",
    metadata,
    # SHA-256 of the token.
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("session_id", String(26), ForeignKey("sessions.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("spent_at", BigInteger),
    Index(None, "session_id"),
)

# Links in mail, and the second steps of log-ins.
one_time_tokens: Final = Table(
    "one_time_tokens",
    metadata,
    # SHA-256 of the token.
    Column("token_hash", LargeBinary(32), primary_key=True),
    # None: a log-in with a passkey begins without saying who.
    Column("person_id", String(26), ForeignKey("people.id")),
    Column("purpose", String(24), nullable=False),
    # JSON: what it was made for.
    Column("payload", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("n_failures", Integer, nullable=False, server_default="0"),
    Column("spent_at", BigInteger),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

login_attempts: Final = Table(
    "login_attempts",
    metadata,
    # A keyed hash of the address as it is compared, so that people and addresses that nobody has are counted alike.
    Column("subject_hash", LargeBinary(32), primary_key=True),
    Column("n_failures", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
    Index(None, "last_at"),
)

totp_secrets: Final = Table(
    "totp_secrets",
    metadata,
    Column("person_id", String(26), ForeignKey("people.id"), primary_key=True),
    # Encrypted with a data key.
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # None while the first code has not been shown.
    Column("confirmed_at", BigInteger),
    # The newest time step whose code was taken; none is taken twice (RFC 6238, section 5.2).
    Column("last_step", BigInteger, nullable=False, server_default="0"),
)

recovery_codes: Final = Table(
    "recovery_codes",
    metadata,
    # SHA-256 of the code, which has 120 random bits.
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("person_id", String(26), ForeignKey("people.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("spent_at", BigInteger),
    Index(None, "person_id"),
)

passkeys: Final = Table(
    "passkeys",
    metadata,
    # As the authenticator made it, in base64url: up to 1,023 bytes (WebAuthn, section 4).
    Column("credential_id", String(1364), primary_key=True),
    Column("person_id", String(26), ForeignKey("people.id"), nullable=False),
    Column("name", String(64), nullable=False),
    # COSE.
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", String(100), nullable=False),
    Column("is_backed_up", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Index(None, "person_id"),
)
