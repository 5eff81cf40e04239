"""What each role may do and how much it may ask: the one table of permissions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """One thing that somebody may do. Keys are limited to some of them by their scopes, which have the same names."""

    ACCOUNT_READ = "account:read"
    """See one's own account, keys, events and export."""
    ACCOUNT_WRITE = "account:write"
    """Make, rotate and revoke one's own keys; delete one's own account."""
    PEOPLE_READ = "people:read"
    """See everybody's account."""
    PEOPLE_WRITE = "people:write"
    """Add people, change their roles, disable and enable them."""
    AUDIT_READ = "audit:read"
    """Search, export and verify the audit log."""


class RoleName(StrEnum):
    """The roles, from the one that may least to the one that may most."""

    READER = "reader"
    ANALYST = "analyst"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Role:
    """A set of permissions. requests_per_minute: over all keys of a person together."""

    permissions: frozenset[Permission]
    requests_per_minute: int


_OWN: Final = frozenset({Permission.ACCOUNT_READ, Permission.ACCOUNT_WRITE})

ROLES: Final = {
    RoleName.READER: Role(_OWN, requests_per_minute=1_200),
    RoleName.ANALYST: Role(_OWN, requests_per_minute=6_000),
    RoleName.OPERATOR: Role(_OWN | {Permission.PEOPLE_READ}, requests_per_minute=6_000),
    RoleName.ADMINISTRATOR: Role(frozenset(Permission), requests_per_minute=6_000),
}
