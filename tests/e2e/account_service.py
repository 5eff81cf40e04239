"""A service with people and letters for the tests of the account pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from page_server import environment

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.login.passwords import Passwords
from btcforecast.accounts.people import add_person
from btcforecast.accounts.roles import RoleName
from btcforecast.core import SystemClock
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore
from btcforecast.store.tables import mail_messages

PASSWORD = "seven herons cross a copper river"


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    # The browser's driver keeps an event loop in the thread of the tests.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class AccountService:
    """The folder of a running service, seen from behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, email: str, role: RoleName = RoleName.READER) -> None:
        """Add somebody with `PASSWORD`."""
        _run(self._add(email, role))

    def link(self, kind: str, to: str) -> str:
        """Return the path of the newest link of a kind that was written to an address."""
        found = _run(self._letters(kind, to))[-1]["link"]
        return "/" + str(found).split("/", 3)[3]

    def change(self, email: str, **values: Any) -> None:
        """Set columns of a person."""
        _run(self._change(email, values))

    def _database(self) -> Database:
        return Database(environment(self.folder)["DATABASE_URL"])

    async def _add(self, email: str, role: RoleName) -> None:
        database, passwords, now = self._database(), Passwords(), SystemClock().now()
        await database.migrate()
        password_hash = await passwords.hash(PASSWORD)
        async with database.transaction() as connection:
            person = await add_person(
                connection, email=email, name=email.partition("@")[0].capitalize(), role=role, actor=Actor("command line"), at=now
            )
            await PeopleStore(connection).change(person.id, password_hash=password_hash, email_verified_at=now)
        passwords.close()
        await database.close()

    async def _letters(self, kind: str, to: str) -> list[dict[str, str]]:
        database, vault = self._database(), Vault((self.folder / "var" / "secret.key").read_text().strip())
        await vault.load(database, at=0)
        query = mail_messages.select().where(mail_messages.c.kind == kind, mail_messages.c.to_address == to)
        async with database.read() as connection:
            rows = (await connection.execute(query.order_by(mail_messages.c.created_at, mail_messages.c.id))).mappings().all()
        await database.close()
        return [json.loads(vault.open(row["sealed"], place=f"mail:{row['id']}")) for row in rows]

    async def _change(self, email: str, values: dict[str, Any]) -> None:
        database = self._database()
        async with database.transaction() as connection:
            person = await PeopleStore(connection).person(email_key=email)
            assert person is not None
            await PeopleStore(connection).change(person.id, **values)
        await database.close()
