"""One's own log-ins: sessions, password, name, address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from btcforecast.accounts.login import credentials
from btcforecast.accounts.login.sessions import end_session, end_sessions
from btcforecast.accounts.people import rename_person
from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import accounts as answers
from btcforecast.api.permitted import InRecentSession, OwnReader, OwnWriter, actor_of
from btcforecast.api.personal import personal
from btcforecast.api.schemas.accounts import Person, Session, SessionList
from btcforecast.api.schemas.auth import AskedAddress, AskedName, AskedPassword, Ended, Sent
from btcforecast.api.text import ParameterError
from btcforecast.core.errors import WeakPasswordError

router = APIRouter(prefix="/v1/me", tags=["account"])

SessionId = Annotated[str, Path(description="The session's id.", pattern="^s_[0-9a-f]{24}$")]


@router.patch("", response_model=Person)
async def rename_me(request: Request, service: ServiceDep, caller: OwnWriter, asked: AskedName) -> Response:
    """Change what you are called."""
    async with service.database.transaction() as connection:
        actor = actor_of(request, caller)
        person = await rename_person(connection, caller.person.id, asked.name, actor=actor, at=service.clock.now())
    service.callers.forget()
    return personal(answers.person(person))


@router.get("/sessions", response_model=SessionList)
async def my_sessions(service: ServiceDep, caller: OwnReader) -> Response:
    """Return your sessions, the one used last first; those that ended stay for a month."""
    current = None if caller.session is None else caller.session.id
    return personal(SessionList(sessions=await answers.sessions(service, caller.person.id, current=current)))


@router.delete("/sessions", response_model=Ended)
async def end_my_sessions(request: Request, service: ServiceDep, caller: OwnWriter) -> Response:
    """Log out everywhere, here too: at once here, within a second in every other process."""
    async with service.database.transaction() as connection:
        n = await end_sessions(connection, caller.person.id, actor=actor_of(request, caller), at=service.clock.now())
    service.callers.forget()
    return personal(Ended(n_ended=n))


@router.delete("/sessions/{session_id}", response_model=Session)
async def end_my_session(request: Request, service: ServiceDep, caller: OwnWriter, session_id: SessionId) -> Response:
    """End one session: at once here, within a second in every other process."""
    now = service.clock.now()
    async with service.database.transaction() as connection:
        ended = await end_session(connection, caller.person.id, session_id, actor=actor_of(request, caller), at=now)
    service.callers.forget()
    return personal(answers.session(ended, now=now, current=caller.session.id if caller.session else None))


@router.post("/password", response_model=Ended)
async def change_password(service: ServiceDep, caller: InRecentSession, asked: AskedPassword) -> Response:
    """Choose a new password, shortly after you have confirmed that it is you. All other sessions end."""
    try:
        n = await credentials.change_password(
            service.identity,
            caller.person,
            asked.password.get_secret_value(),
            actor=caller.actor,
            at=service.clock.now(),
            keep_session=caller.session.id,
        )
    except WeakPasswordError as e:
        raise ParameterError("password", str(e)) from e
    service.callers.forget()
    return personal(Ended(n_ended=n))


@router.post("/email", status_code=202, response_model=Sent)
async def change_address(service: ServiceDep, caller: InRecentSession, asked: AskedAddress) -> Response:
    """Have the account moved to another address: it counts when the links in the letters to both were opened."""
    await credentials.ask_new_address(service.identity, caller.person, asked.email, actor=caller.actor, at=service.clock.now())
    return personal(Sent(detail="Letters are on their way to both addresses. Open the link in each within a day."), status=202)
