"""People, keys and audit entries as they are shown."""

from __future__ import annotations

from collections.abc import AsyncIterator

from btcforecast.accounts.audit import entry_of
from btcforecast.accounts.caller import Caller
from btcforecast.accounts.keys import is_counting
from btcforecast.accounts.login.sessions import is_running
from btcforecast.accounts.plans import PLANS, PlanName
from btcforecast.accounts.roles import Permission, RoleName
from btcforecast.api.answers import second_factor
from btcforecast.api.edge.limits import Verdict
from btcforecast.api.schemas.accounts import (
    AccountExport,
    Event,
    EventList,
    Key,
    Letter,
    Me,
    OneTimeLink,
    Person,
    PersonList,
    Quota,
    Session,
    Usage,
    UsageDay,
)
from btcforecast.api.service import Service
from btcforecast.api.text import numbered_cursor
from btcforecast.core import to_rfc3339
from btcforecast.store.audit import AuditRow, AuditStore
from btcforecast.store.mail import MailStore
from btcforecast.store.people import KeyRow, PeopleStore, PersonRow
from btcforecast.store.sessions import OneTimeTokenStore, SessionRow, SessionStore
from btcforecast.store.usage import KEPT_S, UsageStore

_EVENTS_AT_ONCE = 500


def me(service: Service, caller: Caller) -> Me:
    """Return who asks."""
    plan = PLANS[PlanName(caller.person.plan)]
    return Me(
        person=person(caller.person),
        key=None if caller.key is None else key(caller.key, now=service.clock.now()),
        session=None if caller.session is None else session(caller.session, now=service.clock.now(), current=caller.session.id),
        permissions=sorted(caller.permissions),
        per_minute=plan.per_minute,
        per_minute_of_key=plan.per_minute_of_key,
    )


def person(row: PersonRow) -> Person:
    """Return a person."""
    return Person(
        id=row.id,
        email=row.email,
        name=row.name,
        role=RoleName(row.role),
        plan=PlanName(row.plan),
        created_at=to_rfc3339(row.created_at),
        disabled_at=_instant(row.disabled_at),
        email_verified_at=_instant(row.email_verified_at),
        has_password=row.password_hash is not None,
    )


def session(row: SessionRow, *, now: int, current: str | None) -> Session:
    """Return a session. current: the id of the one that asks."""
    return Session(
        id=row.id,
        created_at=to_rfc3339(row.created_at),
        last_used_at=to_rfc3339(row.last_used_at),
        expires_at=to_rfc3339(row.expires_at),
        authenticated_at=to_rfc3339(row.authenticated_at),
        methods=row.methods.split(),
        network=row.network,
        device=row.device,
        ended_at=_instant(row.revoked_at),
        runs=is_running(row, now),
        current=row.id == current,
    )


def key(row: KeyRow, *, now: int) -> Key:
    """Return a key."""
    return Key(
        id=row.id,
        name=row.name,
        scopes=[Permission(scope) for scope in row.scopes.split()],
        created_at=to_rfc3339(row.created_at),
        expires_at=_instant(row.expires_at),
        last_used_at=_instant(row.last_used_at),
        revoked_at=_instant(row.revoked_at),
        replaced_by=row.replaced_by,
        counts=is_counting(row, now),
    )


def event(row: AuditRow) -> Event:
    """Return an entry of the audit log."""
    body = entry_of(row)
    return Event.model_validate({**{name: body[name] for name in Event.model_fields}, "at": to_rfc3339(row.at)})


async def keys(service: Service, person_id: str) -> list[Key]:
    """Return a person's keys, newest first."""
    async with service.database.read() as connection:
        rows = await PeopleStore(connection).keys(person_id)
    return [key(row, now=service.clock.now()) for row in rows]


async def sessions(service: Service, person_id: str, *, current: str | None) -> list[Session]:
    """Return a person's sessions, the one used last first."""
    async with service.database.read() as connection:
        rows = await SessionStore(connection).of_person(person_id)
    return [session(row, now=service.clock.now(), current=current) for row in rows]


async def usage(service: Service, caller: Caller, verdict: Verdict) -> Usage:
    """Return what somebody may ask, has asked, and may still ask now."""
    quotas = [
        Quota(name=quota.name, limit=quota.amount, window_s=quota.counter.window_s, remaining=left, reset_s=verdict.reset_s)
        for quota, left in verdict.left()
    ]
    return Usage(plan=PlanName(caller.person.plan), quotas=quotas, days=await _usage_days(service, caller.person.id))


async def _usage_days(service: Service, person_id: str) -> list[UsageDay]:
    # What this process has not written down yet, this request included.
    await service.usage.write()
    async with service.database.read() as connection:
        rows = await UsageStore(connection).days(person_id, since=service.clock.now() - KEPT_S)
    return [
        UsageDay(day=to_rfc3339(row.day)[:10], key=row.key_id or None, n_requests=row.n_requests, cost=row.cost) for row in rows
    ]


async def people(service: Service, *, text: str | None, role: RoleName | None, cursor: str | None, limit: int) -> PersonList:
    """Return people; the cursor is the last address of the page before, as it is compared."""
    async with service.database.read() as connection:
        rows = await PeopleStore(connection).find(text=text, role=role, after=cursor, limit=limit + 1)
    following = rows[limit - 1].email_key if len(rows) > limit else None
    return PersonList(people=[person(row) for row in rows[:limit]], next_cursor=following)


async def events(
    service: Service,
    *,
    person_id: str | None = None,
    actor: str | None = None,
    subject: str | None = None,
    network: str | None = None,
    action: str | None = None,
    result: str | None = None,
    since: int | None = None,
    until: int | None = None,
    cursor: str | None,
    limit: int,
) -> EventList:
    """Return entries of the audit log; the cursor is the last number of the page before."""
    before = numbered_cursor(cursor)
    async with service.database.read() as connection:
        rows = await AuditStore(connection).find(
            person_id=person_id,
            actor=actor,
            subject=subject,
            network=network,
            action=action,
            result=result,
            since=since,
            until=until,
            before=before,
            limit=limit + 1,
        )
    following = str(rows[limit - 1].seq) if len(rows) > limit else None
    return EventList(events=[event(row) for row in rows[:limit]], next_cursor=following)


async def entries(service: Service, *, last: int) -> AsyncIterator[bytes]:
    """Yield the audit log up to that number, oldest first, a line for each entry: exactly what is hashed."""
    after = -1
    while after < last:
        # A connection for each page, because a slow reader must hold none; entries never change, so the pages fit together.
        async with service.database.read() as connection:
            rows = await AuditStore(connection).page(after=after)
        yield "".join(f"{row.body}\n" for row in rows if row.seq <= last).encode()
        after = rows[-1].seq


async def export(service: Service, caller: Caller) -> AccountExport:
    """Return everything that is stored about who asks."""
    found: list[Event] = []
    cursor = None
    while True:
        page = await events(service, person_id=caller.person.id, cursor=cursor, limit=_EVENTS_AT_ONCE)
        found += page.events
        cursor = page.next_cursor
        if cursor is None:
            return AccountExport(
                person=person(caller.person),
                keys=await keys(service, caller.person.id),
                sessions=await sessions(service, caller.person.id, current=caller.session.id if caller.session else None),
                usage=await _usage_days(service, caller.person.id),
                second_factor=await second_factor.state(service, caller.person.id),
                letters=await _letters(service, caller.person.id),
                links=await _links(service, caller.person.id),
                events=found,
            )


async def _letters(service: Service, person_id: str) -> list[Letter]:
    async with service.database.read() as connection:
        rows = await MailStore(connection).letters_to(person_id)
    return [
        Letter(
            kind=row.kind,
            to=row.to_address,
            written_at=to_rfc3339(row.created_at),
            sent_at=_instant(row.sent_at),
            state=row.state,
        )
        for row in rows
    ]


async def _links(service: Service, person_id: str) -> list[OneTimeLink]:
    async with service.database.read() as connection:
        rows = await OneTimeTokenStore(connection).of_person(person_id)
    return [
        OneTimeLink(
            purpose=row.purpose,
            made_at=to_rfc3339(row.created_at),
            expires_at=to_rfc3339(row.expires_at),
            used_at=_instant(row.spent_at),
        )
        for row in rows
    ]


def _instant(at: int | None) -> str | None:
    return None if at is None else to_rfc3339(at)
