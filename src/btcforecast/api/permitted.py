"""What endpoints that are not open to everybody ask of whoever calls them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.caller import Caller
from btcforecast.accounts.roles import Permission
from btcforecast.core.errors import ForbiddenError, StaleLoginError, UnauthenticatedError
from btcforecast.store.sessions import SessionRow

RECENT_S: Final = 600
"""For so long after somebody proved who they are they may do what could lock them out."""
_BEARER = HTTPBearer(auto_error=False, scheme_name="Bearer", description="An API key (btcf_…) or the access token of a session.")
"""For the document alone: keys and tokens are looked up before a request comes here."""


def caller_with(permission: Permission, *, recently: bool = False) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency that gives who asks, if they have the permission. recently: sessions must have logged in not long ago.

    It raises UnauthenticatedError without a key or session, ForbiddenError, which the audit log keeps, without the permission, and
    StaleLoginError (RFC 9470) where the person must prove who they are once more.
    """

    async def check(request: Request, _scheme: Annotated[object, Security(_BEARER)]) -> Caller:
        caller: Caller | None = request.scope["state"].get("caller")
        if caller is None:
            raise UnauthenticatedError("This needs an API key or a log-in, sent as: Authorization: Bearer …")
        if permission not in caller.permissions:
            await _note_refusal(request, caller, needs=str(permission))
            raise ForbiddenError(f"This needs the permission {permission}, which the role {caller.role} or this key has not got.")
        if recently and caller.session is not None:
            need_recent_login(request.app.state.service.clock.now(), caller.session)
        return caller

    return check


def in_session(*, recently: bool) -> Callable[..., Awaitable[SessionCaller]]:
    """Return the dependency that gives who asks in a session of their own; API keys do not do. recently: logged in not long ago.

    It raises ForbiddenError for a key, and StaleLoginError (RFC 9470) where the person must prove who they are once more.
    """

    async def check(request: Request, _scheme: Annotated[object, Security(_BEARER)]) -> SessionCaller:
        caller: Caller | None = request.scope["state"].get("caller")
        if caller is None:
            raise UnauthenticatedError("This needs a log-in: an access token sent as: Authorization: Bearer …")
        if caller.session is None:
            await _note_refusal(request, caller, needs="session")
            raise ForbiddenError("This needs a log-in; an API key cannot do it.")
        if recently:
            need_recent_login(request.app.state.service.clock.now(), caller.session)
        return SessionCaller(caller, caller.session, actor_of(request, caller))

    return check


class SessionCaller:
    """Somebody in a session of their own."""

    __slots__ = ("actor", "caller", "person", "session")

    def __init__(self, caller: Caller, session: SessionRow, actor: Actor) -> None:
        self.caller, self.session, self.actor = caller, session, actor
        self.person = caller.person


def need_recent_login(now: int, session: SessionRow) -> None:
    """Raise StaleLoginError where it is too long ago that the person proved who they are."""
    if now - session.authenticated_at > RECENT_S:
        raise StaleLoginError("Confirm first that it is you: POST /v1/auth/confirm with your password or a code.")


def actor_of(request: Request, caller: Caller) -> Actor:
    """Return who asks as the audit log names them."""
    return Actor(caller.person.id, network=network_of(request), key_id=caller.key_id)


def network_of(request: Request) -> str:
    """Return from where the request comes: an IPv4 address or an IPv6 prefix."""
    return str(request.scope["state"].get("network", "unknown"))


async def _note_refusal(request: Request, caller: Caller, *, needs: str) -> None:
    service = request.app.state.service
    async with service.database.transaction() as connection:
        facts = {"method": request.method, "needs": needs}
        await AuditLog(connection).record(
            "access.refused", actor=actor_of(request, caller), at=service.clock.now(), result="refused", facts=facts
        )


OwnReader = Annotated[Caller, Depends(caller_with(Permission.ACCOUNT_READ))]
OwnWriter = Annotated[Caller, Depends(caller_with(Permission.ACCOUNT_WRITE))]
OwnRecentWriter = Annotated[Caller, Depends(caller_with(Permission.ACCOUNT_WRITE, recently=True))]
PeopleReader = Annotated[Caller, Depends(caller_with(Permission.PEOPLE_READ))]
PeopleWriter = Annotated[Caller, Depends(caller_with(Permission.PEOPLE_WRITE, recently=True))]
MarketWriter = Annotated[Caller, Depends(caller_with(Permission.MARKET_WRITE))]
AuditReader = Annotated[Caller, Depends(caller_with(Permission.AUDIT_READ))]
InSession = Annotated[SessionCaller, Depends(in_session(recently=False))]
InRecentSession = Annotated[SessionCaller, Depends(in_session(recently=True))]
