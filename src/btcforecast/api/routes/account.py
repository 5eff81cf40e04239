"""One's own account: who one is, keys, events, export, deletion."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from btcforecast.accounts import keys as key_acts
from btcforecast.accounts import people as people_acts
from btcforecast.accounts.people import email_of
from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import accounts as answers
from btcforecast.api.permitted import OwnReader, OwnRecentWriter, OwnWriter, actor_of
from btcforecast.api.personal import personal
from btcforecast.api.schemas.accounts import (
    KEYS_NOTE,
    AccountExport,
    AskedKey,
    AskedRotation,
    EventList,
    Key,
    KeyList,
    Me,
    NewKey,
    Usage,
)
from btcforecast.api.text import ParameterError

router = APIRouter(prefix="/v1/me", tags=["account"])

KeyId = Annotated[str, Path(description="The key's id.", pattern="^[0-9A-Za-z]{12}$")]
CursorQuery = Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=300)]
LimitQuery = Annotated[int, Query(description="How many at most.", ge=1, le=200)]


@router.get("", response_model=Me)
async def me(service: ServiceDep, caller: OwnReader) -> Response:
    """Return who asks, with which key, and what that allows."""
    return personal(answers.me(service, caller))


@router.delete("", status_code=204)
async def delete_me(
    request: Request,
    service: ServiceDep,
    caller: OwnRecentWriter,
    *,
    confirm: Annotated[
        str, Query(description="Your own address of mail, so that nothing is deleted by mistake.", max_length=254)
    ],
) -> Response:
    """Delete your account and everything that is yours. Only the audit log keeps your random id."""
    if email_of(confirm)[1] != caller.person.email_key:
        raise ParameterError("confirm", "This is not the address of your account, so nothing was deleted.")
    async with service.database.transaction() as connection:
        now = service.clock.now()
        await people_acts.delete_person(connection, caller.person.id, actor=actor_of(request, caller), at=now)
        await service.identity.say_goodbye(connection, caller.person, at=now)
    service.callers.forget()
    answer = Response(status_code=204)
    service.cookies.clear(answer)
    return answer


@router.get("/usage", response_model=Usage)
async def my_usage(request: Request, service: ServiceDep, caller: OwnReader) -> Response:
    """Return how much you may ask, what is left of it now, and what you asked in the last 30 days, by day and key."""
    return personal(await answers.usage(service, caller, request.scope["state"]["verdict"]))


@router.get("/export", response_model=AccountExport, openapi_extra={"x-cost": 10})
async def export_me(service: ServiceDep, caller: OwnReader) -> Response:
    """Return everything that is stored about you."""
    return personal(await answers.export(service, caller))


@router.get("/events", response_model=EventList)
async def my_events(service: ServiceDep, caller: OwnReader, *, cursor: CursorQuery = None, limit: LimitQuery = 50) -> Response:
    """Return what you did and what was done to your account, newest first."""
    return personal(await answers.events(service, person_id=caller.person.id, cursor=cursor, limit=limit))


@router.get("/keys", response_model=KeyList)
async def my_keys(service: ServiceDep, caller: OwnReader) -> Response:
    """Return your keys, newest first."""
    return personal(KeyList(keys=await answers.keys(service, caller.person.id)))


@router.post("/keys", status_code=201, response_model=NewKey, description=f"Make a key; its text is shown this once. {KEYS_NOTE}")
async def create_key(request: Request, service: ServiceDep, caller: OwnRecentWriter, asked: AskedKey) -> Response:
    """Make a key, with no more scopes than the one that is used to ask."""
    now = service.clock.now()
    async with service.database.transaction() as connection:
        made, text = await key_acts.create_key(
            connection,
            caller.person.id,
            name=asked.name,
            scopes=asked.scopes,
            allowed=caller.permissions,
            days=asked.days,
            actor=actor_of(request, caller),
            at=now,
        )
    return personal(NewKey(key=answers.key(made, now=now), text=text), status=201)


@router.post("/keys/{key_id}/rotate", status_code=201, response_model=NewKey)
async def rotate_key(request: Request, service: ServiceDep, caller: OwnWriter, key_id: KeyId, asked: AskedRotation) -> Response:
    """Make a key that takes this one's place; this one counts for some hours more. No key gains scopes by it."""
    now = service.clock.now()
    async with service.database.transaction() as connection:
        made, text = await key_acts.rotate_key(
            connection,
            caller.person.id,
            key_id,
            overlap_s=3600 * asked.overlap_hours,
            allowed=caller.permissions,
            actor=actor_of(request, caller),
            at=now,
        )
    service.callers.forget()
    return personal(NewKey(key=answers.key(made, now=now), text=text), status=201)


@router.delete("/keys/{key_id}", response_model=Key)
async def revoke_key(request: Request, service: ServiceDep, caller: OwnWriter, key_id: KeyId) -> Response:
    """Make a key count for nothing: at once here, within a second in every other process."""
    now = service.clock.now()
    async with service.database.transaction() as connection:
        key = await key_acts.revoke_key(connection, caller.person.id, key_id, actor=actor_of(request, caller), at=now)
    service.callers.forget()
    return personal(answers.key(key, now=now))
