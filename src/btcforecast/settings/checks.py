"""Values of the environment that must be written in a certain way, each with the sentence that says how."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic_settings import NoDecode

_RATE: Final = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")
_ORIGIN: Final = re.compile(r"\*|[a-z][a-z0-9+.-]*://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_STORE: Final = re.compile(r"(rediss?|valkeys?)://[^/]")


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


def _address(value: str) -> str:
    if not value.startswith(("http://", "https://")) or _ORIGIN.fullmatch(value.rstrip("/")) is None:
        message = f"“{value}” is not the address of a page; write https://host, without a path."
        raise ValueError(message)
    return value.rstrip("/")


CommaList = Annotated[tuple[str, ...], NoDecode]
Rate = Annotated[str, AfterValidator(_rate)]
Store = Annotated[str, AfterValidator(_store)]
Origins = Annotated[CommaList, AfterValidator(_origins)]
Hosts = Annotated[CommaList, AfterValidator(_hosts)]
Address = Annotated[str, AfterValidator(_address)]
