"""Keys that sign tokens and encrypt data, and mail that waits to be sent."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from btcforecast.store.tables.metadata import metadata

secret_keys: Final = Table(
    "secret_keys",
    metadata,
    Column("id", String(8), primary_key=True),
    # "token": signs access tokens; "data": encrypts what must be read back.
    Column("purpose", String(8), nullable=False),
    # The key itself, encrypted under SECRET_KEY.
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # When a newer one took over; it still verifies and decrypts until it is dropped.
    Column("retired_at", BigInteger),
)

mail_messages: Final = Table(
    "mail_messages",
    metadata,
    Column("id", String(26), primary_key=True),
    # None: to somebody whose account is gone.
    Column("person_id", String(26), ForeignKey("people.id")),
    Column("to_address", String(254), nullable=False),
    Column("kind", String(32), nullable=False),
    # What the letter says beside its template, with its links: JSON, encrypted with a data key; empty when it has been sent.
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # Not before; a sender that takes it moves this on, so that no other takes it meanwhile.
    Column("due_at", BigInteger, nullable=False),
    Column("n_tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", BigInteger),
    # When it was given up.
    Column("failed_at", BigInteger),
    Column("last_error", String(200)),
    Index(None, "person_id"),
    Index(None, "due_at"),
)
