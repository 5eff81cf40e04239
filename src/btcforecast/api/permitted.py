"""What endpoints that are not open to everybody ask of whoever calls them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.keys import Caller
from btcforecast.accounts.roles import Permission
from btcforecast.core.errors import ForbiddenError, UnauthenticatedError

_BEARER = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="An API key: btcf_…")
"""For the document alone: keys are looked up before a request comes here."""


def caller_with(permission: Permission) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency that gives who asks, if they have the permission.

    It raises UnauthenticatedError without a key and ForbiddenError, which the audit log keeps, without the permission.
    """

    async def check(request: Request, _scheme: Annotated[object, Security(_BEARER)]) -> Caller:
        caller: Caller | None = request.scope["state"].get("caller")
        if caller is None:
            raise UnauthenticatedError("This needs an API key, sent as: Authorization: Bearer btcf_…")
        if permission not in caller.permissions:
            service = request.app.state.service
            async with service.database.transaction() as connection:
                facts = {"method": request.method, "needs": str(permission)}
                await AuditLog(connection).record(
                    "access.refused", actor=actor_of(request, caller), at=service.clock.now(), result="refused", facts=facts
                )
            raise ForbiddenError(f"This needs the permission {permission}, which the role {caller.role} or this key has not got.")
        return caller

    return check


def actor_of(request: Request, caller: Caller) -> Actor:
    """Return who asks as the audit log names them."""
    return Actor(caller.person.id, network=request.scope["state"].get("network"), key_id=caller.key.id)


OwnReader = Annotated[Caller, Depends(caller_with(Permission.ACCOUNT_READ))]
OwnWriter = Annotated[Caller, Depends(caller_with(Permission.ACCOUNT_WRITE))]
PeopleReader = Annotated[Caller, Depends(caller_with(Permission.PEOPLE_READ))]
PeopleWriter = Annotated[Caller, Depends(caller_with(Permission.PEOPLE_WRITE))]
AuditReader = Annotated[Caller, Depends(caller_with(Permission.AUDIT_READ))]
