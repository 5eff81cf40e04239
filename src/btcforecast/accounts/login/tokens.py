"""Access tokens: short-lived JWTs (RFC 9068) that name a session and say nothing of what it may do.

They are signed with HMAC-SHA-256 under a key of the vault: who verifies them is who makes them. What a session may do is looked up,
so that a role changed or a session ended counts at once, whatever a token still says of its lifetime.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

import jwt

from btcforecast.accounts.encryption.vault import Vault
from btcforecast.core.errors import UnauthenticatedError

AUDIENCE: Final = "btcforecast-api"
_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"
_SKEW_S: Final = 30
"""By so much the clocks of two of our machines may differ."""
_LONGEST: Final = 2048
_WRONG: Final = "This access token does not count: it is not one of ours, or was changed."


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says. expires_at: in Unix seconds."""

    person_id: str
    session_id: str
    expires_at: int


class Tokens:
    """Signs and reads access tokens. issuer: the address of this service; lifetime_s: how long a token counts."""

    def __init__(self, vault: Vault, *, issuer: str, lifetime_s: int) -> None:
        self._vault: Final = vault
        self.issuer: Final = issuer
        self.lifetime_s: Final = lifetime_s

    def sign(self, person_id: str, session_id: str, *, at: int) -> str:
        """Return a token for a session."""
        key_id, key = self._vault.signing
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": person_id,
            "sid": session_id,
            "iat": at,
            "exp": at + self.lifetime_s,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": key_id, "typ": _TYPE})

    def key_id(self, text: str) -> str:
        """Return the id of the key that a token says it is signed with. Raises UnauthenticatedError for what is no token of ours."""
        if len(text) > _LONGEST:
            raise UnauthenticatedError(_WRONG)
        try:
            header = jwt.get_unverified_header(text)
        except jwt.InvalidTokenError as e:
            raise UnauthenticatedError(_WRONG) from e
        # The algorithm is ours to choose and never the token's (RFC 8725, section 3.1).
        if header.get("alg") != _ALGORITHM or header.get("typ") != _TYPE or not isinstance(header.get("kid"), str):
            raise UnauthenticatedError(_WRONG)
        return str(header["kid"])

    def read(self, text: str, *, at: int) -> AccessToken:
        """Return what a token says. Raises UnauthenticatedError."""
        key = self._vault.verifying(self.key_id(text))
        if key is None:
            raise UnauthenticatedError(_WRONG)
        # Instants are compared with the service's own clock below.
        options = {
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "require": ["iss", "aud", "sub", "sid", "iat", "exp"],
        }
        try:
            claims = jwt.decode(text, key, algorithms=[_ALGORITHM], issuer=self.issuer, audience=AUDIENCE, options=options)  # type: ignore[arg-type]  # a TypedDict that wants all its keys
        except jwt.InvalidTokenError as e:
            raise UnauthenticatedError(_WRONG) from e
        issued_at, expires_at = claims["iat"], claims["exp"]
        if type(issued_at) is not int or type(expires_at) is not int or issued_at > at + _SKEW_S:
            raise UnauthenticatedError(_WRONG)
        if at >= expires_at + _SKEW_S:
            raise UnauthenticatedError("This access token has expired; refresh the session.")
        return AccessToken(str(claims["sub"]), str(claims["sid"]), expires_at)


def is_token(text: str) -> bool:
    """Say whether this has the form of a signed token, and not of an API key."""
    return text.count(".") == 2
