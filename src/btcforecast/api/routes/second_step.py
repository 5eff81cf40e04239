"""The step after the password, and logging in without one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from btcforecast.accounts.second_factor import passkeys
from btcforecast.accounts.second_factor import step as second_step
from btcforecast.api.access import ServiceDep
from btcforecast.api.permitted import network_of
from btcforecast.api.personal import personal
from btcforecast.api.routes.auth import logged_in
from btcforecast.api.schemas.auth import LoginAnswer
from btcforecast.api.schemas.second_factor import AskedSecondFactor, Options, PasskeyAnswer
from btcforecast.api.text import ParameterError

router = APIRouter(prefix="/v1/auth", tags=["log-in"])


@router.post("/login/second-factor", response_model=LoginAnswer)
async def login_second_factor(request: Request, service: ServiceDep, asked: AskedSecondFactor) -> Response:
    """Answer what a log-in asks after the password. Five wrong answers end it, and each counts like a wrong password."""
    if (asked.code is None) is (asked.recovery_code is None):
        raise ParameterError("code", "Give a code of your app or a recovery code, one of the two.")
    opened = await second_step.finish_log_in(
        service.identity,
        asked.token.get_secret_value(),
        code=None if asked.code is None else asked.code.get_secret_value(),
        recovery_code=None if asked.recovery_code is None else asked.recovery_code.get_secret_value(),
        network=network_of(request),
        device=request.headers.get("user-agent", ""),
        at=service.clock.now(),
    )
    return logged_in(request, service, opened)


@router.post("/passkey/options", response_model=Options)
async def begin_passkey_login(service: ServiceDep) -> Response:
    """Return what a browser needs to ask for a passkey, to log in or to confirm that it is you."""
    asked = await passkeys.begin_passkey_login(service.identity, at=service.clock.now())
    return personal(Options(token=asked.token, options=asked.options))


@router.post("/passkey/login", response_model=LoginAnswer)
async def login_with_passkey(request: Request, service: ServiceDep, asked: PasskeyAnswer) -> Response:
    """Log in with a passkey. It stands for two factors, so nothing else is asked for."""
    opened = await second_step.log_in_with_passkey(
        service.identity,
        asked.token.get_secret_value(),
        asked.credential,
        network=network_of(request),
        device=request.headers.get("user-agent", ""),
        at=service.clock.now(),
    )
    return logged_in(request, service, opened)
