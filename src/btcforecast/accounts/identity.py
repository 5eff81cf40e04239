"""What every act of registering, logging in and changing credentials needs, chosen once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.login.passwords import Passwords
from btcforecast.accounts.login.tokens import Tokens
from btcforecast.accounts.mail.letters import Letter, post
from btcforecast.core import to_rfc3339
from btcforecast.core.errors import UnavailableError
from btcforecast.store.database import Database
from btcforecast.store.people import PersonRow


@dataclass(frozen=True, slots=True)
class Identity:
    """public_url: where links in mail lead; sends_mail: whether letters go anywhere; lifetimes in seconds."""

    database: Database
    vault: Vault
    passwords: Passwords
    tokens: Tokens
    public_url: str
    sends_mail: bool
    refresh_lifetime_s: int
    session_lifetime_s: int

    def link(self, page: str, token: str = "") -> str:
        """Return the address of a page. The token stands behind #, which browsers never send to a server or as a referrer."""
        return f"{self.public_url}/{page}" + (f"#token={token}" if token else "")

    def need_mail(self, what: str) -> None:
        """Raise UnavailableError where no mail can be sent, which this needs."""
        if not self.sends_mail:
            raise UnavailableError(
                f"No mail can be sent from here, so {what} is not possible; an administrator can do it by command (docs/accounts.md)."
            )

    async def say_goodbye(self, connection: AsyncConnection, person: PersonRow, *, at: int) -> None:
        """Write to somebody whose account has just been deleted, where mail can be sent."""
        if self.sends_mail:
            facts = {"at": to_rfc3339(at)}
            await post(connection, self.vault, Letter.ACCOUNT_DELETED, to=person.email, person_id=None, facts=facts, at=at)

    async def write_to(
        self, connection: AsyncConnection, person: PersonRow, letter: Letter, facts: Mapping[str, str], *, at: int
    ) -> None:
        """Write a letter to a person where mail can be sent."""
        if self.sends_mail:
            await post(connection, self.vault, letter, to=person.email, person_id=person.id, facts=facts, at=at)
