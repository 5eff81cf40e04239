"""Values of the environment that must be written in a certain way, each with the sentence that says how."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

_RATE: Final = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")
_ORIGIN: Final = re.compile(r"\*|[a-z][a-z0-9+.-]*://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_STORE: Final = re.compile(r"(rediss?|valkeys?)://[^/]")


def _parts(value: object) -> object:
    """Split a comma list or a JSON list."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip(" \"'") for part in value.strip().strip("[]").split(",") if part.strip(" \"'"))


def _rate(value: str) -> str:
    if _RATE.fullmatch(value) is None:
        message = f"“{value}” is not a rate; write a number and second, minute, hour or day, such as 600/minute."
        raise ValueError(message)
    return value


def _store(value: str) -> str:
    # It may hold a password, so that it is not quoted.
    if value and _STORE.match(value) is None:
        message = "must begin with redis://, rediss://, valkey:// or valkeys://, or be empty."
        raise ValueError(message)
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in value:
        if _ORIGIN.fullmatch(origin) is None:
            message = f"“{origin}” is not an origin; write scheme://host or scheme://host:port, such as https://app.example."
            raise ValueError(message)
    return value


def _hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if _HOST.fullmatch(name) is None:
            message = f"“{name}” is not the name of a host; write one such as btc.example, without scheme, port or star."
            raise ValueError(message)
    return tuple(name.lower() for name in value)


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for text in value:
        try:
            ipaddress.ip_network(text)
        except ValueError as e:
            message = f"“{text}” is not a network; write one such as 10.20.0.0/16, or one address: {e}."
            raise ValueError(message) from e
    return value


def _address(value: str) -> str:
    if not value.startswith(("http://", "https://")) or _ORIGIN.fullmatch(value.rstrip("/")) is None:
        message = f"“{value}” is not the address of a page; write https://host, without a path."
        raise ValueError(message)
    return value.rstrip("/")


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]
Rate = Annotated[str, AfterValidator(_rate)]
Store = Annotated[str, AfterValidator(_store)]
Origins = Annotated[CommaList, AfterValidator(_origins)]
Hosts = Annotated[CommaList, AfterValidator(_hosts)]
Networks = Annotated[CommaList, AfterValidator(_networks)]
Address = Annotated[str, AfterValidator(_address)]
