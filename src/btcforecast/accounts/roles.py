"""What each role may do: the one table of permissions. How much somebody may ask is a matter of their plan (`plans`)."""

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
    MARKET_WRITE = "market:write"
    """Upload candle files."""


class RoleName(StrEnum):
    """The roles, from the one that may least to the one that may most."""

    READER = "reader"
    ANALYST = "analyst"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Role:
    """A set of permissions."""

    permissions: frozenset[Permission]


_OWN: Final = frozenset({Permission.ACCOUNT_READ, Permission.ACCOUNT_WRITE})

ROLES: Final = {
    RoleName.READER: Role(_OWN),
    RoleName.ANALYST: Role(_OWN),
    RoleName.OPERATOR: Role(_OWN | {Permission.PEOPLE_READ, Permission.MARKET_WRITE}),
    RoleName.ADMINISTRATOR: Role(frozenset(Permission)),
}
