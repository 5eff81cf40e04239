"""Who asks, and what they may do: with an API key, or in a session of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from btcforecast.accounts.roles import Permission, RoleName
from btcforecast.store.people import KeyRow, PersonRow
from btcforecast.store.sessions import SessionRow


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Either key or session is there; permissions: what the role allows, and with a key its scopes, too."""

    person: PersonRow
    permissions: frozenset[Permission]
    key: KeyRow | None = None
    session: SessionRow | None = None

    @property
    def role(self) -> RoleName:
        """Return the person's role."""
        return RoleName(self.person.role)

    @property
    def key_id(self) -> str | None:
        """Return the id of the key that is used to ask."""
        return None if self.key is None else self.key.id
