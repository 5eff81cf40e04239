"""Signing up, logging in, and what comes of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from btcforecast.accounts.login.passwords import LONGEST, SHORTEST
from btcforecast.api.schemas.accounts import Asked, Person, Session
from btcforecast.api.schemas.second_factor import Code, PasskeyAnswer
from btcforecast.api.schemas.shared import Answer

Email = Annotated[str, Field(min_length=3, max_length=254, description="An address of mail.")]
Secret = Annotated[SecretStr, Field(max_length=LONGEST)]
NewPassword = Annotated[
    SecretStr,
    Field(
        max_length=LONGEST,
        description=f"{SHORTEST} characters or more, of any kind; nothing common, and not your name or address.",
    ),
]
LinkToken = Annotated[SecretStr, Field(min_length=1, max_length=200, description="What stands behind #token= in the link.")]


class LoginOptions(Answer):
    """What is possible here."""

    registration: bool = Field(description="Whether anybody may sign up.")
    registration_closed_because: str | None
    sends_mail: bool = Field(description="Whether links to verify, reset and unlock can be sent.")
    password_min_length: int
    passkeys: bool = Field(description="Whether browsers make passkeys for this service's address.")


class TokenPair(Answer):
    """A session with the tokens that it is used with (RFC 6749, section 5.1)."""

    access_token: str = Field(description="To be sent as: Authorization: Bearer …")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the name of a scheme
    expires_in: int = Field(description="Seconds for which the access token counts.")
    refresh_token: str | None = Field(
        description="Counts once. Null in browsers, which have it in a cookie that no script can read."
    )
    person: Person
    session: Session


class SecondFactor(Answer):
    """What is asked for after the password."""

    token: str = Field(description="To be sent with the answer to POST /v1/auth/login/second-factor.")
    methods: list[str] = Field(description="totp, recovery_code, passkey.")
    expires_in: int = Field(description="Seconds.")


class LoginAnswer(Answer):
    """A session, or what else is asked for: one of the two is there."""

    session: TokenPair | None
    second_factor: SecondFactor | None


class Sent(Answer):
    """A letter is on its way, if there is reason for one."""

    detail: str


class AddressConfirmed(Answer):
    """One side has confirmed."""

    changed: bool = Field(description="The other side had, too, so that the new address counts from now on.")


class Ended(Answer):
    """How many sessions ended."""

    n_ended: int


class AskedRegistration(Asked):
    """Somebody who wants an account."""

    email: Email
    name: Annotated[str, Field(max_length=100)] = ""
    password: NewPassword


class AskedLogin(Asked):
    """Somebody who has one."""

    email: Email
    password: Secret


class AskedRefresh(Asked):
    """A session that goes on. Browsers send nothing: their cookie says it."""

    refresh_token: Annotated[SecretStr | None, Field(max_length=200)] = None


class AskedByLink(Asked):
    """What a link in a letter brings."""

    token: LinkToken


class AskedReset(Asked):
    """A new password by a link."""

    token: LinkToken
    password: NewPassword


class AskedMail(Asked):
    """Somebody who cannot log in."""

    email: Email


class AskedConfirmation(Asked):
    """Proof that it is still the same person: one of the three."""

    password: Secret | None = None
    code: Code | None = None
    passkey: Annotated[PasskeyAnswer | None, Field(description="The answer to POST /v1/auth/passkey/options.")] = None


class AskedPassword(Asked):
    """A new password."""

    password: NewPassword


class AskedName(Asked):
    """What somebody is called."""

    name: Annotated[str, Field(max_length=100)]


class AskedAddress(Asked):
    """Where mail shall go."""

    email: Email
