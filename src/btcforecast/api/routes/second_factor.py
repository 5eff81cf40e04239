"""One's own second factors: an authenticator app, recovery codes, passkeys. Only in a session; changes want a recent log-in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from btcforecast.accounts.second_factor import passkeys, recovery_codes, totp
from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import second_factor as answers
from btcforecast.api.permitted import InRecentSession, InSession
from btcforecast.api.personal import personal
from btcforecast.api.schemas.accounts import Passkey, SecondFactorState
from btcforecast.api.schemas.second_factor import (
    AskedCode,
    AskedPasskey,
    AskedPasskeyName,
    NewAuthenticator,
    Options,
    PasskeyList,
    RecoveryCodes,
)
from btcforecast.api.text import ParameterError
from btcforecast.core.errors import InputError

router = APIRouter(prefix="/v1/me", tags=["account"])

PasskeyId = Annotated[str, Path(description="The credential's id.", pattern="^[A-Za-z0-9_-]{1,1364}$")]


@router.get("/second-factor", response_model=SecondFactorState)
async def my_second_factor(service: ServiceDep, caller: InSession) -> Response:
    """Return what you have set up."""
    return personal(await answers.state(service, caller.person.id))


@router.post("/totp", status_code=201, response_model=NewAuthenticator)
async def begin_totp(service: ServiceDep, caller: InRecentSession) -> Response:
    """Begin to set up an authenticator app: its codes count when you have sent the first one."""
    async with service.database.transaction() as connection:
        made = await totp.begin_totp(service.identity, connection, caller.person, at=service.clock.now())
    return personal(NewAuthenticator(uri=made.uri, secret=made.secret), status=201)


@router.post("/totp/confirm", response_model=RecoveryCodes)
async def confirm_totp(service: ServiceDep, caller: InRecentSession, asked: AskedCode) -> Response:
    """Send the app's first code. From now on its codes are asked for; the answer holds recovery codes, this once."""
    try:
        async with service.database.transaction() as connection:
            code, now = asked.code.get_secret_value(), service.clock.now()
            codes = await totp.confirm_totp(service.identity, connection, caller.person, code, actor=caller.actor, at=now)
    except InputError as e:
        raise ParameterError("code", str(e)) from e
    return personal(RecoveryCodes(recovery_codes=list(codes)))


@router.delete("/totp", status_code=204)
async def remove_totp(service: ServiceDep, caller: InRecentSession) -> Response:
    """Remove the authenticator app, and the recovery codes with it."""
    async with service.database.transaction() as connection:
        await totp.remove_totp(service.identity, connection, caller.person, actor=caller.actor, at=service.clock.now())
    return Response(status_code=204)


@router.post("/recovery-codes", status_code=201, response_model=RecoveryCodes)
async def make_recovery_codes(service: ServiceDep, caller: InRecentSession) -> Response:
    """Make new recovery codes; the older ones count no longer."""
    async with service.database.transaction() as connection:
        codes = await recovery_codes.make_recovery_codes(
            service.identity, connection, caller.person, actor=caller.actor, at=service.clock.now()
        )
    return personal(RecoveryCodes(recovery_codes=list(codes)), status=201)


@router.get("/passkeys", response_model=PasskeyList)
async def my_passkeys(service: ServiceDep, caller: InSession) -> Response:
    """Return your passkeys, oldest first."""
    return personal(PasskeyList(passkeys=(await answers.state(service, caller.person.id)).passkeys))


@router.post("/passkeys/options", response_model=Options)
async def begin_passkey(service: ServiceDep, caller: InRecentSession) -> Response:
    """Return what a browser needs to make a passkey."""
    asked = await passkeys.begin_passkey(service.identity, caller.person, at=service.clock.now())
    return personal(Options(token=asked.token, options=asked.options))


@router.post("/passkeys", status_code=201, response_model=Passkey)
async def add_passkey(service: ServiceDep, caller: InRecentSession, asked: AskedPasskey) -> Response:
    """Keep the passkey that the browser made."""
    made = await passkeys.finish_passkey(
        service.identity,
        caller.person,
        asked.token.get_secret_value(),
        asked.credential,
        name=asked.name,
        actor=caller.actor,
        at=service.clock.now(),
    )
    return personal(answers.passkey(made), status=201)


@router.patch("/passkeys/{passkey_id}", response_model=Passkey)
async def rename_passkey(service: ServiceDep, caller: InSession, passkey_id: PasskeyId, asked: AskedPasskeyName) -> Response:
    """Call a passkey something else."""
    async with service.database.transaction() as connection:
        renamed = await passkeys.rename_passkey(
            connection, caller.person.id, passkey_id, asked.name, actor=caller.actor, at=service.clock.now()
        )
    return personal(answers.passkey(renamed))


@router.delete("/passkeys/{passkey_id}", status_code=204)
async def remove_passkey(service: ServiceDep, caller: InRecentSession, passkey_id: PasskeyId) -> Response:
    """Remove a passkey: it logs nobody in any more."""
    async with service.database.transaction() as connection:
        await passkeys.remove_passkey(
            service.identity, connection, caller.person, passkey_id, actor=caller.actor, at=service.clock.now()
        )
    return Response(status_code=204)
