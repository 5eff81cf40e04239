"""Second factors: codes of an authenticator app, recovery codes, passkeys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SecretStr

from btcforecast.accounts.second_factor.passkeys import LONGEST_NAME
from btcforecast.api.schemas.accounts import Asked, Passkey
from btcforecast.api.schemas.shared import Answer

CeremonyToken = Annotated[
    SecretStr, Field(min_length=1, max_length=200, description="What came with the options; it counts once, for five minutes.")
]
Credential = Annotated[
    dict[str, Any],
    Field(description="What the browser made of the options: PublicKeyCredential.toJSON() (WebAuthn, section 5.1)."),
]
PasskeyName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="What tells it from your other passkeys.")]
Code = Annotated[SecretStr, Field(min_length=6, max_length=10, description="Six digits of an authenticator app.")]


class PasskeyList(Answer):
    """Passkeys, oldest first."""

    passkeys: list[Passkey]


class NewAuthenticator(Answer):
    """What an authenticator app is given, this once."""

    uri: str = Field(description="otpauth://…, to be shown as a QR code.")
    secret: str = Field(description="The same to be typed, in base32.")


class RecoveryCodes(Answer):
    """Each counts once; nobody can read them again."""

    recovery_codes: list[str]


class Options(Answer):
    """What a browser is asked to do."""

    token: str = Field(description="To be sent back with the browser's answer.")
    options: dict[str, Any] = Field(
        description="For PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON."
    )


class AskedCode(Asked):
    """The first code of a new authenticator app."""

    code: Code


class AskedPasskey(Asked):
    """A passkey that was made."""

    token: CeremonyToken
    name: PasskeyName
    credential: Credential


class AskedPasskeyName(Asked):
    """What a passkey is to be called."""

    name: PasskeyName


class PasskeyAnswer(Asked):
    """What a passkey said."""

    token: CeremonyToken
    credential: Credential


class AskedSecondFactor(Asked):
    """The answer to what is asked after the password: one of the two."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=200, description="`second_factor.token` of the log-in.")]
    code: Code | None = None
    recovery_code: Annotated[SecretStr | None, Field(max_length=60, description="One of those that were shown once.")] = None
