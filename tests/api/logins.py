"""What tests of log-ins share: a service with people, the letters it has written, and a page's headers."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import httpx2

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.people import add_person
from btcforecast.accounts.roles import RoleName
from btcforecast.api.service import Service
from btcforecast.store.people import PeopleStore
from btcforecast.store.tables import mail_messages

NOW = 1_764_547_200
PASSWORD = "seven herons cross a copper river"
PAGE = {"Origin": "http://api.test", "Sec-Fetch-Site": "same-origin"}
COMMAND = Actor("command line")


class Logins:
    """Somebody in front of the service."""

    def __init__(self, client: httpx2.AsyncClient, service: Service) -> None:
        self.client, self.service = client, service

    async def add(self, email: str = "ada@example.org", *, role: RoleName = RoleName.READER, password: str = PASSWORD) -> str:
        """Add somebody with a password, and return their id."""
        identity = self.service.identity
        password_hash = await identity.passwords.hash(password)
        async with identity.database.transaction() as connection:
            person = await add_person(connection, email=email, name="Ada", role=role, actor=COMMAND, at=NOW)
            await PeopleStore(connection).change(person.id, password_hash=password_hash, email_verified_at=NOW)
        return person.id

    async def post(self, path: str, body: dict[str, Any] | None = None, **more: Any) -> httpx2.Response:
        return await self.client.post(f"/v1/{path}", json=body or {}, **more)

    async def log_in(self, email: str = "ada@example.org", password: str = PASSWORD, **more: Any) -> httpx2.Response:
        return await self.post("auth/login", {"email": email, "password": password}, **more)

    async def session(self, email: str = "ada@example.org") -> SimpleNamespace:
        """Log in as an app and return the tokens and the headers to ask with."""
        found = (await self.log_in(email)).json()["session"]
        headers = {"Authorization": f"Bearer {found['access_token']}"}
        return SimpleNamespace(
            headers=headers, id=found["session"]["id"], access=found["access_token"], refresh=found["refresh_token"]
        )

    async def letters(self) -> list[SimpleNamespace]:
        """Return the letters that were written, oldest first."""
        async with self.service.database.read() as connection:
            rows = (await connection.execute(mail_messages.select().order_by(mail_messages.c.created_at))).mappings().all()
        opened = [json.loads(self.service.identity.vault.open(row["sealed"], place=f"mail:{row['id']}")) for row in rows]
        return [SimpleNamespace(kind=row["kind"], to=row["to_address"], **facts) for row, facts in zip(rows, opened, strict=True)]

    async def token(self, kind: str) -> str:
        """Return the token of the newest link of a kind of letter."""
        newest = [letter for letter in await self.letters() if letter.kind == kind][-1]
        return str(newest.link.partition("#token=")[2])

    async def actions(self, person_id: str | None = None) -> list[str]:
        """Return what the audit log holds, newest first."""
        from btcforecast.store.audit import AuditStore

        async with self.service.database.read() as connection:
            return [row.action for row in await AuditStore(connection).find(person_id=person_id, limit=100)]
