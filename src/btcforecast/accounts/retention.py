"""How long data about people are kept, and what drops them: the one table, which the worker runs and docs/privacy.md shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.audit import AuditStore
from btcforecast.store.mail import MailStore
from btcforecast.store.people import PeopleStore
from btcforecast.store.sessions import AttemptStore, OneTimeTokenStore, SessionStore
from btcforecast.store.usage import UsageStore

DAY_S: Final = 86400


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of data. tables: where it lies; days: how long it stays after that instant; drop: forgets what is older, says how many."""

    what: str
    tables: tuple[str, ...]
    days: int
    after: str
    drop: Callable[[AsyncConnection, int], Awaitable[int]]


RULES: Final = (
    Rule(
        "API keys",
        ("api_keys",),
        90,
        "they are revoked or expire",
        lambda connection, before: PeopleStore(connection).drop_dead_keys(dead_before=before),
    ),
    Rule(
        "sessions and their refresh tokens",
        ("sessions", "refresh_tokens"),
        30,
        "they end or expire",
        lambda connection, before: SessionStore(connection).drop_ended(ended_before=before),
    ),
    Rule(
        "links, codes and sign-ups that were not finished",
        ("one_time_tokens",),
        1,
        "they expire",
        lambda connection, before: OneTimeTokenStore(connection).drop_expired(expired_before=before),
    ),
    Rule(
        "failed log-ins, by a keyed hash",
        ("login_attempts",),
        1,
        "the last failure and the end of its lock",
        lambda connection, before: AttemptStore(connection).drop_old(last_before=before),
    ),
    Rule(
        "letters",
        ("mail_messages",),
        30,
        "they are sent or given up",
        lambda connection, before: MailStore(connection).drop_ended(ended_before=before),
    ),
    Rule(
        "networks of the audit log",
        ("audit_networks",),
        90,
        "the act",
        lambda connection, before: AuditStore(connection).drop_networks(made_before=before),
    ),
    Rule(
        "use by day and key",
        ("usage_days",),
        400,
        "the day",
        lambda connection, before: UsageStore(connection).drop_old(day_before=before),
    ),
)


async def forget_old(connection: AsyncConnection, *, at: int) -> dict[str, int]:
    """Drop what has been kept long enough, and return how many of each kind went."""
    return {rule.what: await rule.drop(connection, at - rule.days * DAY_S) for rule in RULES}
