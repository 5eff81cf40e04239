"""The audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from btcforecast.accounts.audit import AuditLog
from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import accounts as answers
from btcforecast.api.permitted import AuditReader, actor_of
from btcforecast.api.personal import personal
from btcforecast.api.routes.account import CursorQuery, LimitQuery
from btcforecast.api.schemas.accounts import EventList
from btcforecast.api.text import instant
from btcforecast.store.audit import AuditStore

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("", response_model=EventList, openapi_extra={"x-cost": 5})
async def audit(
    service: ServiceDep,
    _caller: AuditReader,
    *,
    person: Annotated[str | None, Query(description="Who did it, or whom it was done to: a person's id.", max_length=26)] = None,
    actor: Annotated[
        str | None, Query(description="Who did it: a person's id, “command line” or “anonymous”.", max_length=32)
    ] = None,
    subject: Annotated[str | None, Query(description="Whom it was done to: a person's id.", max_length=26)] = None,
    network: Annotated[
        str | None, Query(description="Where from: how the address begins, such as 192.0.2., while it is known.", max_length=64)
    ] = None,
    action: Annotated[str | None, Query(description="Such as key.created.", pattern="^[a-z_]+\\.[a-z_]+$", max_length=32)] = None,
    result: Annotated[str | None, Query(description="done or refused.", pattern="^(done|refused)$")] = None,
    since: Annotated[str | None, Query(description="RFC 3339: at or after this instant.", max_length=40)] = None,
    until: Annotated[str | None, Query(description="RFC 3339: before this instant.", max_length=40)] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Response:
    """Return entries of the audit log, newest first."""
    found = await answers.events(
        service,
        person_id=person,
        actor=actor,
        subject=subject,
        network=network,
        action=action,
        result=result,
        since=instant(since, "since"),
        until=instant(until, "until"),
        cursor=cursor,
        limit=limit,
    )
    return personal(found)


@router.get(
    "/export",
    response_class=Response,
    openapi_extra={"x-cost": 20},
    responses={
        200: {
            "description": "One canonical JSON document a line, oldest first; each line's SHA-256 is what the next line names as `prev`.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
    },
)
async def export_audit(request: Request, service: ServiceDep, caller: AuditReader) -> Response:
    """Return the whole audit log as lines that can be checked with nothing but a SHA-256. That it was asked for is its last entry."""
    async with service.database.transaction() as connection:
        await AuditLog(connection).record("audit.exported", actor=actor_of(request, caller), at=service.clock.now())
        last = await AuditStore(connection).last()
    return StreamingResponse(
        answers.entries(service, last=-1 if last is None else last.seq),
        media_type="application/x-ndjson",
        headers={"cache-control": "no-store", "content-disposition": 'attachment; filename="audit.jsonl"'},
    )
