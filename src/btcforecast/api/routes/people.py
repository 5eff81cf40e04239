"""Everybody's accounts, for operators and administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from btcforecast.accounts import keys as key_acts
from btcforecast.accounts import people as acts
from btcforecast.accounts.login.credentials import unlock_person
from btcforecast.accounts.login.registration import invite
from btcforecast.accounts.login.sessions import end_sessions
from btcforecast.accounts.roles import ROLES, RoleName
from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import accounts as answers
from btcforecast.api.permitted import PeopleReader, PeopleWriter, actor_of
from btcforecast.api.personal import personal
from btcforecast.api.routes.account import CursorQuery, LimitQuery
from btcforecast.api.schemas.accounts import AskedChange, AskedKey, AskedPerson, NewKey, Person, PersonList
from btcforecast.api.schemas.auth import Ended

router = APIRouter(prefix="/v1/people", tags=["people"])

PersonId = Annotated[str, Path(description="The person's id.", pattern="^p_[0-9a-f]{24}$")]


@router.get("", response_model=PersonList)
async def people(
    service: ServiceDep,
    _caller: PeopleReader,
    *,
    text: Annotated[str | None, Query(description="A part of the address or the name.", min_length=1, max_length=100)] = None,
    role: Annotated[RoleName | None, Query(description="Only people of this role.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Response:
    """Return people in the order of their addresses."""
    return personal(await answers.people(service, text=text, role=role, cursor=cursor, limit=limit))


@router.post("", status_code=201, response_model=Person)
async def add_person(request: Request, service: ServiceDep, caller: PeopleWriter, asked: AskedPerson) -> Response:
    """Add a person, who gets a letter with a link to choose a password, where mail can be sent."""
    now = service.clock.now()
    async with service.database.transaction() as connection:
        added = await acts.add_person(
            connection,
            email=asked.email,
            name=asked.name,
            role=asked.role,
            actor=actor_of(request, caller),
            at=now,
        )
        await invite(service.identity, connection, added, actor=actor_of(request, caller), at=now)
    return personal(answers.person(added), status=201)


@router.get("/{person_id}", response_model=Person)
async def one_person(service: ServiceDep, _caller: PeopleReader, person_id: PersonId) -> Response:
    """Return one person."""
    async with service.database.read() as connection:
        return personal(answers.person(await acts.find_person(connection, person_id)))


@router.patch("/{person_id}", response_model=Person)
async def change_person(
    request: Request, service: ServiceDep, caller: PeopleWriter, person_id: PersonId, asked: AskedChange
) -> Response:
    """Change a person's role or plan, or disable or enable them. It takes effect at once here, within a second in every other process."""
    actor, now = actor_of(request, caller), service.clock.now()
    async with service.database.transaction() as connection:
        changed = await acts.find_person(connection, person_id)
        if asked.role is not None and asked.role != changed.role:
            changed = await acts.set_role(connection, person_id, asked.role, actor=actor, at=now)
        if asked.plan is not None:
            changed = await acts.set_plan(connection, person_id, asked.plan, actor=actor, at=now)
        if asked.disabled is not None:
            act = acts.disable if asked.disabled else acts.enable
            changed = await act(connection, person_id, actor=actor, at=now)
    service.callers.forget()
    return personal(answers.person(changed))


@router.delete("/{person_id}", status_code=204)
async def delete_person(request: Request, service: ServiceDep, caller: PeopleWriter, person_id: PersonId) -> Response:
    """Delete a person and all their keys. Only the audit log keeps the random id."""
    async with service.database.transaction() as connection:
        await acts.delete_person(connection, person_id, actor=actor_of(request, caller), at=service.clock.now())
    service.callers.forget()
    return Response(status_code=204)


@router.post("/{person_id}/unlock", status_code=204)
async def unlock_for(request: Request, service: ServiceDep, caller: PeopleWriter, person_id: PersonId) -> Response:
    """End somebody's lock and forget the failures before it."""
    async with service.database.transaction() as connection:
        person = await acts.find_person(connection, person_id)
        await unlock_person(service.identity, connection, person, actor=actor_of(request, caller), at=service.clock.now())
    return Response(status_code=204)


@router.delete("/{person_id}/sessions", response_model=Ended)
async def end_sessions_of(request: Request, service: ServiceDep, caller: PeopleWriter, person_id: PersonId) -> Response:
    """End all sessions of somebody: at once here, within a second in every other process."""
    async with service.database.transaction() as connection:
        await acts.find_person(connection, person_id)
        n = await end_sessions(connection, person_id, actor=actor_of(request, caller), at=service.clock.now())
    service.callers.forget()
    return personal(Ended(n_ended=n))


@router.post("/{person_id}/keys", status_code=201, response_model=NewKey)
async def create_key_for(
    request: Request, service: ServiceDep, caller: PeopleWriter, person_id: PersonId, asked: AskedKey
) -> Response:
    """Make a key for somebody, to be handed to them; its text is shown this once."""
    now = service.clock.now()
    async with service.database.transaction() as connection:
        person = await acts.find_person(connection, person_id)
        made, text = await key_acts.create_key(
            connection,
            person_id,
            name=asked.name,
            scopes=asked.scopes,
            allowed=ROLES[RoleName(person.role)].permissions & caller.permissions,
            days=asked.days,
            actor=actor_of(request, caller),
            at=now,
        )
    return personal(NewKey(key=answers.key(made, now=now), text=text), status=201)
