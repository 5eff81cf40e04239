"""Where mail goes: MAIL_URL read once, checked, and said without its password."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.policy import SMTP
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from btcforecast.core.errors import SettingsError

_PORTS: Final = {"smtp": 587, "smtps": 465}
_SAY: Final = "write smtp://user:password@host:587, smtps://user:password@host:465 or file:folder"


class Tls(StrEnum):
    """How a connection to a mail server is protected."""

    FROM_THE_START = "TLS"
    REQUIRED = "STARTTLS, required"
    IF_OFFERED = "STARTTLS, if offered"
    NONE = "no TLS"


@dataclass(frozen=True, slots=True)
class ServerRoute:
    """A mail server to hand letters to."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port} ({self.tls}{', with a password' if self.user else ''})"


@dataclass(frozen=True, slots=True)
class FolderRoute:
    """A folder in which each letter becomes a file."""

    folder: Path

    def __str__(self) -> str:
        return f"files in {self.folder}"


Route = ServerRoute | FolderRoute


def route_of(address: str) -> Route | None:
    """Return where MAIL_URL leads; None where it is empty. Raises SettingsError, which never holds the password."""
    if not address:
        return None
    scheme, _, rest = address.partition(":")
    if scheme == "file":
        if not rest.strip("/"):
            raise SettingsError("names no folder; write file:var/mail.")
        return FolderRoute(Path(rest))
    if scheme not in _PORTS:
        raise SettingsError("must begin with smtp://, smtps:// or file:, or be empty.")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or _PORTS[scheme]
    except ValueError as e:
        raise SettingsError(f"is not an address of a server; {_SAY}.") from e
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError(f"is not an address of a server; {_SAY}. Write / ? # and @ in a password as %2F %3F %23 and %40.")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) is not bool(password):
        raise SettingsError(f"has a user without a password, or the other way round; {_SAY}.")
    return ServerRoute(host, port, _tls(scheme, host, has_password=bool(user)), user, password)


def sender_of(text: str) -> Address:
    """Return the sender that MAIL_FROM names. Raises SettingsError."""
    try:
        header = SMTP.header_factory("From", text)
        (sender,) = header.addresses
    except (ValueError, IndexError, AttributeError) as e:
        raise SettingsError(f"“{text[:80]}” is not one sender; write an address, or a name and <address>.") from e
    if header.defects or not sender.username or not sender.domain:
        raise SettingsError(f"“{text[:80]}” is not one sender; write an address, or a name and <address>.")
    found: Address = sender
    return found


def _tls(scheme: str, host: str, *, has_password: bool) -> Tls:
    if scheme == "smtps":
        return Tls.FROM_THE_START
    if _is_loopback(host):
        # Nobody listens between a machine and itself, and such relays rarely have a certificate that could be checked.
        return Tls.NONE
    return Tls.REQUIRED if has_password else Tls.IF_OFFERED


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
