"""Data about people go when their time is over, and not before (DAT-4)."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import func, insert, select

from btcforecast.accounts.audit import Actor, AuditLog, verify_audit
from btcforecast.accounts.encryption.rotation import rotate_secrets
from btcforecast.accounts.encryption.secret_key import new_secret_key
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.people import add_person
from btcforecast.accounts.retention import DAY_S, RULES, Rule, forget_old
from btcforecast.core import ManualClock
from btcforecast.store.database import Database
from btcforecast.store.mail import NEVER
from btcforecast.store.people import OWNED
from btcforecast.store.tables import (
    api_keys,
    login_attempts,
    mail_messages,
    metadata,
    one_time_tokens,
    refresh_tokens,
    sessions,
    usage_days,
)
from btcforecast.worker.work import Work

NOW = 1_764_547_200
COMMAND = Actor("command line")
PRIVACY = Path(__file__).parents[3] / "docs" / "privacy.md"
STAYS_WITH_THE_ACCOUNT = {"people", "totp_secrets", "recovery_codes", "passkeys"}
STAYS_FOR_EVER = {"audit_entries"}
HOLDS_NOBODY = {
    "calendar_files",
    "candle_absences",
    "candle_revisions",
    "candles",
    "cycles",
    "events",
    "forecast_paths",
    "forecasts",
    "gate_states",
    "gate_transitions",
    "ledger_checkpoints",
    "ledger_entries",
    "ledger_nodes",
    "live_prices",
    "model_versions",
    "reigns",
    "scheduled_events",
    "sealed_questions",
    "secret_keys",
    "series",
    "targets",
    "venue_states",
    "workers",
}


async def fill(database: Database, *, ended: int) -> None:
    """Store one of each kind, which ended at that instant."""
    key = {"name": "n", "scopes": "", "secret_hash": b"0", "created_at": 0, "expires_at": NOW * 2}
    session = {"created_at": 0, "last_used_at": 0, "authenticated_at": 0, "methods": "pwd", "network": "192.0.2.1", "device": "d"}
    letter = {"to_address": "a@example.org", "kind": "k", "sealed": b"", "created_at": 0, "due_at": NEVER}
    async with database.transaction() as connection:
        person = await add_person(connection, email="a@example.org", actor=COMMAND, at=0)
        await AuditLog(connection).record("key.created", actor=Actor(person.id, "192.0.2.1"), at=ended)
        rows = [
            (api_keys, {"id": "revoked", "person_id": person.id, **key, "revoked_at": ended}),
            (api_keys, {"id": "expired", "person_id": person.id, **key, "expires_at": ended}),
            (api_keys, {"id": "counts", "person_id": person.id, **key}),
            (sessions, {"id": "revoked", "person_id": person.id, **session, "expires_at": NOW * 2, "revoked_at": ended}),
            (sessions, {"id": "expired", "person_id": person.id, **session, "expires_at": ended}),
            (sessions, {"id": "runs", "person_id": person.id, **session, "expires_at": NOW * 2}),
            (refresh_tokens, {"token_hash": b"1", "session_id": "revoked", "created_at": 0, "expires_at": NOW * 2}),
            (refresh_tokens, {"token_hash": b"2", "session_id": "runs", "created_at": 0, "expires_at": NOW * 2}),
            (one_time_tokens, {"token_hash": b"1", "purpose": "register", "payload": "{}", "created_at": 0, "expires_at": ended}),
            (
                one_time_tokens,
                {"token_hash": b"2", "purpose": "register", "payload": "{}", "created_at": 0, "expires_at": NOW * 2},
            ),
            (login_attempts, {"subject_hash": b"1", "n_failures": 1, "last_at": ended, "locked_until": 0}),
            (login_attempts, {"subject_hash": b"2", "n_failures": 9, "last_at": 0, "locked_until": ended}),
            (login_attempts, {"subject_hash": b"3", "n_failures": 9, "last_at": 0, "locked_until": NOW}),
            (mail_messages, {"id": "sent", **letter, "sent_at": ended}),
            (mail_messages, {"id": "failed", **letter, "failed_at": ended}),
            (mail_messages, {"id": "waits", **letter}),
            (usage_days, {"person_id": person.id, "day": ended, "key_id": "", "n_requests": 1, "cost": 1}),
        ]
        for table, values in rows:
            await connection.execute(insert(table).values(**values))


WENT = {
    "api_keys": 2,
    "sessions": 2,
    "one_time_tokens": 1,
    "login_attempts": 2,
    "mail_messages": 2,
    "audit_networks": 1,
    "usage_days": 1,
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.tables[0])
async def test_each_kind_goes_when_its_time_is_over_and_not_a_second_before(database: Database, rule: Rule):
    ended = NOW - rule.days * DAY_S
    await fill(database, ended=ended)
    async with database.transaction() as connection:
        assert (await forget_old(connection, at=NOW))[rule.what] == 0
        assert (await forget_old(connection, at=NOW + 1))[rule.what] == WENT[rule.tables[0]]


async def test_what_still_counts_is_never_dropped(database: Database):
    await fill(database, ended=NOW - 1000 * DAY_S)
    async with database.transaction() as connection:
        await forget_old(connection, at=NOW)
        kept = {name: await connection.scalar(select(func.count()).select_from(metadata.tables[name])) for name in WENT}
        tokens = list(await connection.scalars(select(refresh_tokens.c.session_id)))
        assert (await verify_audit(connection)).fault is None
    assert kept == {
        "api_keys": 1,
        "sessions": 1,
        "one_time_tokens": 1,
        "login_attempts": 1,
        "mail_messages": 1,
        "audit_networks": 0,
        "usage_days": 0,
    }
    assert tokens == ["runs"]


async def test_the_workers_tidying_follows_the_rules(database: Database):
    await fill(database, ended=NOW - 1000 * DAY_S)
    settings = SimpleNamespace(paths_kept="7d")
    vault = Vault(new_secret_key())
    await vault.load(database, at=NOW - 3 * DAY_S)
    await rotate_secrets(database, vault, "token", actor=COMMAND, at=NOW - 2 * DAY_S)
    told = await Work.tidy(
        cast("Work", SimpleNamespace(clock=ManualClock(NOW), database=database, settings=settings, vault=vault))
    )
    assert all(f"{rule.what}: {WENT[rule.tables[0]]}" in told for rule in RULES)
    assert "retired service keys: 1" in told


async def test_somebody_invited_long_ago_who_never_came_keeps_the_account(database: Database):
    async with database.transaction() as connection:
        await add_person(connection, email="invited@example.org", actor=COMMAND, at=0)
        await forget_old(connection, at=NOW)
        assert await connection.scalar(select(func.count()).select_from(metadata.tables["people"])) == 1


def test_the_page_shows_the_rules_as_they_are():
    rows = re.findall(r"^\| (.+?) \| (\d+) days? \| (.+?) \| (.+?) \|$", PRIVACY.read_text(), re.MULTILINE)
    shown = [(what, int(days), after, tuple(re.findall(r"`(\w+)`", tables))) for what, days, after, tables in rows]
    assert shown == [(rule.what, rule.days, rule.after, rule.tables) for rule in RULES]


def test_every_table_has_a_time_or_a_reason_to_stay():
    timed = {name for rule in RULES for name in rule.tables}
    tables = set(metadata.tables)
    assert tables - timed - STAYS_WITH_THE_ACCOUNT - STAYS_FOR_EVER - HOLDS_NOBODY == set()
    # What stays with the account goes with it.
    assert STAYS_WITH_THE_ACCOUNT - {"people"} <= {table.name for table in OWNED}
    assert timed | STAYS_WITH_THE_ACCOUNT | STAYS_FOR_EVER <= tables
