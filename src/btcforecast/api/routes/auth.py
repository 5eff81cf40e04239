"""Signing up, logging in and out, and the ways back in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.login import credentials, registration
from btcforecast.accounts.login.by_password import Challenge, log_in
from btcforecast.accounts.login.passwords import SHORTEST
from btcforecast.accounts.login.sessions import Opened, end_session, refresh, session_of
from btcforecast.accounts.second_factor import step as second_step
from btcforecast.accounts.second_factor.passkeys import can_have_passkeys
from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import accounts as answers
from btcforecast.api.cookies import CSRF_HEADER, is_browser
from btcforecast.api.permitted import InSession, network_of
from btcforecast.api.personal import personal
from btcforecast.api.schemas.accounts import Person
from btcforecast.api.schemas.accounts import Session as ShownSession
from btcforecast.api.schemas.auth import (
    AddressConfirmed,
    AskedByLink,
    AskedConfirmation,
    AskedLogin,
    AskedMail,
    AskedRefresh,
    AskedRegistration,
    AskedReset,
    LoginAnswer,
    LoginOptions,
    SecondFactor,
    Sent,
    TokenPair,
)
from btcforecast.api.service import Service
from btcforecast.api.text import ParameterError
from btcforecast.core.errors import ForbiddenError, UnauthenticatedError, WeakPasswordError

router = APIRouter(prefix="/v1/auth", tags=["log-in"])

_ANSWERED_AFTER_S: Final = 0.4
"""What depends on whether there is an account is answered no sooner than this, so that the clock tells nothing."""
_IF_THERE_IS_ONE: Final = "If there is an account for this address, a letter is on its way."
CsrfHeader = Annotated[
    str | None, Header(alias=CSRF_HEADER, description="In browsers: what the cookie btcf_csrf holds.", max_length=100)
]


@router.get("/options", response_model=LoginOptions)
async def login_options(service: ServiceDep) -> Response:
    """Return what is possible here: signing up, letters."""
    because = _closed_because(service)
    found = LoginOptions(
        registration=because is None,
        registration_closed_because=because,
        sends_mail=service.identity.sends_mail,
        password_min_length=SHORTEST,
        passkeys=can_have_passkeys(service.identity.public_url),
    )
    return personal(found)


@router.post("/register", status_code=202, response_model=Sent)
async def register(service: ServiceDep, asked: AskedRegistration) -> Response:
    """Sign up. The account begins with the link in the letter; the answer is the same where there is one already."""
    if service.settings.registration == "closed":
        raise ForbiddenError(str(_closed_because(service)))
    async with _taking_its_time(), _weak_named():
        await registration.register(
            service.identity,
            email=asked.email,
            name=asked.name,
            password=asked.password.get_secret_value(),
            at=service.clock.now(),
        )
    return personal(Sent(detail="A letter is on its way. The account begins with the link in it."), status=202)


@router.post("/verify", status_code=201, response_model=Person)
async def verify(request: Request, service: ServiceDep, asked: AskedByLink) -> Response:
    """Begin an account with the link in the letter. It logs nobody in."""
    token = asked.token.get_secret_value()
    made = await registration.finish_registration(service.identity, token, network=network_of(request), at=service.clock.now())
    return personal(answers.person(made), status=201)


@router.post("/login", response_model=LoginAnswer)
async def login(request: Request, service: ServiceDep, asked: AskedLogin) -> Response:
    """Log in with a password. Who has a second factor is asked for it next."""
    found = await log_in(
        service.identity,
        email=asked.email,
        password=asked.password.get_secret_value(),
        network=network_of(request),
        device=request.headers.get("user-agent", ""),
        at=service.clock.now(),
    )
    if isinstance(found, Challenge):
        asks = SecondFactor(token=found.token, methods=list(found.methods), expires_in=found.expires_in_s)
        return personal(LoginAnswer(session=None, second_factor=asks))
    return logged_in(request, service, found)


@router.post("/refresh", response_model=TokenPair)
async def refresh_session(request: Request, service: ServiceDep, asked: AskedRefresh, _csrf: CsrfHeader = None) -> Response:
    """Spend the refresh token for the next one and an access token. One that was spent before ends the session."""
    text = service.cookies.read(request)
    from_cookie = text is not None
    if text is None:
        text = asked.refresh_token.get_secret_value() if asked.refresh_token is not None else None
    if text is None:
        raise UnauthenticatedError("There is no refresh token: log in first.")
    found = await refresh(
        service.identity,
        text,
        network=network_of(request),
        device=request.headers.get("user-agent", ""),
        at=service.clock.now(),
    )
    answer = personal(_pair(service, found, hidden=from_cookie))
    if from_cookie:
        service.cookies.set(answer, found, at=service.clock.now())
    return answer


@router.post("/logout", status_code=204)
async def logout(request: Request, service: ServiceDep, asked: AskedRefresh, _csrf: CsrfHeader = None) -> Response:
    """End the session of this refresh token. It is no fault when it has ended already."""
    text = service.cookies.read(request)
    if text is None and asked.refresh_token is not None:
        text = asked.refresh_token.get_secret_value()
    session = None if text is None else await session_of(service.identity, text)
    if session is not None:
        async with service.database.transaction() as connection:
            actor = Actor(session.person_id, network=network_of(request))
            await end_session(connection, session.person_id, session.id, actor=actor, at=service.clock.now())
        service.callers.forget()
    answer = Response(status_code=204)
    service.cookies.clear(answer)
    return answer


@router.post("/confirm", response_model=ShownSession)
async def confirm(request: Request, service: ServiceDep, caller: InSession, asked: AskedConfirmation) -> Response:
    """Prove once more who you are, which opens for ten minutes what could lock you out."""
    identity, person, network, now = service.identity, caller.person, network_of(request), service.clock.now()
    if [asked.password, asked.code, asked.passkey].count(None) != 2:
        raise ParameterError("password", "Give your password, a code of your app, or what a passkey said: one of the three.")
    if asked.password is not None:
        await credentials.confirm_password(identity, person, asked.password.get_secret_value(), network=network, at=now)
    elif asked.code is not None:
        await second_step.confirm_code(identity, person, asked.code.get_secret_value(), network=network, at=now)
    elif asked.passkey is not None:
        token = asked.passkey.token.get_secret_value()
        await second_step.confirm_passkey(identity, person, token, asked.passkey.credential, network=network, at=now)
    return await confirmed(service, caller, now=now)


@router.post("/password/forgotten", status_code=202, response_model=Sent)
async def password_forgotten(request: Request, service: ServiceDep, asked: AskedMail) -> Response:
    """Have a letter sent with a link to choose a new password."""
    async with _taking_its_time():
        await credentials.forget_password(
            service.identity, email=asked.email, network=network_of(request), at=service.clock.now()
        )
    return personal(Sent(detail=_IF_THERE_IS_ONE), status=202)


@router.post("/password/reset", response_model=Person)
async def password_reset(request: Request, service: ServiceDep, asked: AskedReset) -> Response:
    """Choose a new password with the link in the letter. All sessions end."""
    async with _weak_named():
        person = await credentials.reset_password(
            service.identity,
            asked.token.get_secret_value(),
            asked.password.get_secret_value(),
            network=network_of(request),
            at=service.clock.now(),
        )
    service.callers.forget()
    return personal(answers.person(person))


@router.post("/unlock", status_code=204)
async def unlock(request: Request, service: ServiceDep, asked: AskedByLink) -> Response:
    """End a lock with the link in the letter."""
    token = asked.token.get_secret_value()
    await credentials.unlock_by_link(service.identity, token, network=network_of(request), at=service.clock.now())
    return Response(status_code=204)


@router.post("/email/confirm", response_model=AddressConfirmed)
async def confirm_address(request: Request, service: ServiceDep, asked: AskedByLink) -> Response:
    """Confirm a change of address from one side; it counts when both sides have."""
    token = asked.token.get_secret_value()
    changed = await credentials.confirm_address(service.identity, token, network=network_of(request), at=service.clock.now())
    service.callers.forget()
    return personal(AddressConfirmed(changed=changed))


def logged_in(request: Request, service: Service, opened: Opened) -> Response:
    """Return a new session; a browser gets the refresh token in a cookie and nowhere else."""
    hidden = is_browser(request)
    answer = personal(LoginAnswer(session=_pair(service, opened, hidden=hidden), second_factor=None))
    if hidden:
        service.cookies.set(answer, opened, at=service.clock.now())
    return answer


async def confirmed(service: Service, caller: InSession, *, now: int) -> Response:
    """Note that somebody has proved who they are, and return their session."""
    async with service.database.transaction() as connection:
        renewed = await credentials.renew_login(connection, caller.session, actor=caller.actor, at=now)
    service.callers.forget()
    return personal(answers.session(renewed, now=now, current=renewed.id))


def _pair(service: Service, opened: Opened, *, hidden: bool) -> TokenPair:
    return TokenPair(
        access_token=opened.access_token,
        expires_in=service.identity.tokens.lifetime_s,
        refresh_token=None if hidden else opened.refresh_token,
        person=answers.person(opened.person),
        session=answers.session(opened.session, now=service.clock.now(), current=opened.session.id),
    )


def _closed_because(service: Service) -> str | None:
    if service.settings.registration == "closed":
        return "Signing up is closed here; an administrator can add you."
    if not service.identity.sends_mail:
        return "No mail can be sent from here, so addresses cannot be verified; an administrator can add you."
    return None


@asynccontextmanager
async def _taking_its_time() -> AsyncIterator[None]:
    """Answer no sooner than after a fixed time, also with an error."""
    until = asyncio.get_running_loop().time() + _ANSWERED_AFTER_S
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))


@asynccontextmanager
async def _weak_named() -> AsyncIterator[None]:
    """Name the field with the password that is too weak."""
    try:
        yield
    except WeakPasswordError as e:
        raise ParameterError("password", str(e)) from e
