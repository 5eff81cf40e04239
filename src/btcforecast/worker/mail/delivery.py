"""The way of a letter from the queue to its carrier: at least once, with the same Message-ID each time.

A letter is taken by a lease: it is put off for two minutes before anything is done with it, so that it goes to one worker, and comes back
by itself when that worker dies. It is marked as sent at once after the server's 250. What dies between the two sends it again, as the
same message; no protocol of mail can do better (RFC 1047).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from typing import Final

import structlog
from jinja2 import TemplateError

from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.mail.letters import Letter
from btcforecast.accounts.mail.route import route_of, sender_of
from btcforecast.core import Clock
from btcforecast.core.errors import BtcForecastError, IntegrityError
from btcforecast.settings import Settings
from btcforecast.store.database import DATABASE_FAULTS, Database
from btcforecast.store.mail import MailRow, MailStore
from btcforecast.telemetry import metrics
from btcforecast.worker.mail.carriers import Carrier, NotCarriedError, carrier_for
from btcforecast.worker.mail.letters import Letters

LEASE_S: Final = 120
PATIENCE_S: Final = 2 * 86400
"""For how long a letter is tried; one whose link ends before, until then."""
_AT_A_TIME: Final = 8
_LOOK_EVERY_S: Final = 1
_FIRST_PAUSE_S: Final = 30
_LONGEST_PAUSE_S: Final = 3600
_FINISH_WITHIN_S: Final = 10
_MARK_TRIES: Final = 6
_LINK_ENDED: Final = "Its link ended before it could be sent."
_NOWHERE: Final = "No mail server is configured (MAIL_URL)."
log: Final = structlog.get_logger()


class Delivery:
    """Sends what is due. carrier: None where mail goes nowhere, which gives up what has waited too long; dice: spread pauses."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        letters: Letters,
        carrier: Carrier | None,
        *,
        clock: Clock,
        dice: random.Random,
    ) -> None:
        self._database: Final = database
        self._vault: Final = vault
        self._letters: Final = letters
        self._carrier: Final = carrier
        self._clock: Final = clock
        self._dice: Final = dice

    async def run(self) -> None:
        """Deliver until cancelled, and then end what is under way; whatever goes wrong is tried again."""
        while True:
            round_ = asyncio.create_task(self.deliver_due())
            try:
                n_taken = await asyncio.shield(round_)
            except asyncio.CancelledError:
                await asyncio.wait({round_}, timeout=_FINISH_WITHIN_S)
                round_.cancel()
                raise
            except Exception as e:  # noqa: BLE001  # a driver, a disk: no fault of one moment ends delivery
                log.warning("mail.round_failed", error=type(e).__name__)
                n_taken = 0
            if not n_taken:
                await asyncio.sleep(_LOOK_EVERY_S)

    async def deliver_due(self) -> int:
        """Try everything that is due, a few letters at a time, and return how many were tried."""
        now = self._clock.now()
        async with self._database.read() as connection:
            queue = await MailStore(connection).queue()
        metrics.mail_waiting.set(queue.n_waiting)
        metrics.mail_oldest.set(0 if queue.oldest_at is None else max(0, now - queue.oldest_at))
        if not queue.n_waiting:
            return 0
        carrier = self._carrier
        if carrier is None and (queue.oldest_at is None or queue.oldest_at > now - PATIENCE_S):
            return 0
        async with self._database.transaction() as connection:
            rows = await MailStore(connection).take(at=now, until=now + LEASE_S, limit=_AT_A_TIME)
        tries = [self._put_off(row, _NOWHERE) if carrier is None else self._deliver(row, carrier) for row in rows]
        # Not a task group, which would stop the others halfway where one fails.
        for fault in await asyncio.gather(*tries, return_exceptions=True):
            if isinstance(fault, BaseException):
                raise fault
        return len(rows)

    async def _deliver(self, row: MailRow, carrier: Carrier) -> None:
        patience_s = PATIENCE_S
        try:
            facts = await self._facts(row)
            link_life_s = _link_life_s(facts)
            if link_life_s is not None and self._clock.now() > row.created_at + link_life_s:
                await self._put_off(row, _LINK_ENDED, is_final=True)
                return
            patience_s = min(PATIENCE_S, link_life_s or PATIENCE_S)
            message = self._letters.write(Letter(row.kind), facts, letter_id=row.id, to=row.to_address, at=row.created_at)
            async with carrier.carry(message):
                await self._mark_sent(row)
        except NotCarriedError as e:
            await self._put_off(row, str(e), patience_s=patience_s, is_final=e.is_final)
        except (BtcForecastError, TemplateError, ValueError) as e:
            # A letter that we cannot read or write may be one that another release can.
            await self._put_off(row, f"The letter cannot be written ({type(e).__name__}).", patience_s=patience_s)

    async def _facts(self, row: MailRow) -> dict[str, str]:
        place = f"mail:{row.id}"
        try:
            plain = self._vault.open(row.sealed, place=place)
        except IntegrityError:
            # It may be sealed with a key that is younger than what this process holds.
            await self._vault.load(self._database, at=self._clock.now())
            plain = self._vault.open(row.sealed, place=place)
        found: dict[str, str] = json.loads(plain)
        return found

    async def _mark_sent(self, row: MailRow) -> None:
        for left in reversed(range(_MARK_TRIES)):
            try:
                async with self._database.transaction() as connection:
                    await MailStore(connection).mark_sent(row.id, at=self._clock.now())
                break
            except DATABASE_FAULTS as e:
                # The letter is out: a mark that is missing means that it goes out again.
                log.warning("mail.not_marked", letter=row.id, error=type(e).__name__, tries_left=left)
                if not left:
                    return
                await asyncio.sleep(2 ** (_MARK_TRIES - left - 1))
        metrics.mail_letters.labels("sent").inc()
        log.info("mail.sent", letter=row.id, kind=row.kind, tries=row.n_tries)

    async def _put_off(self, row: MailRow, error: str, *, patience_s: int = PATIENCE_S, is_final: bool = False) -> None:
        now = self._clock.now()
        pause_s = _pause_s(row.n_tries, self._dice)
        is_given_up = is_final or now + pause_s > row.created_at + patience_s
        async with self._database.transaction() as connection:
            if is_given_up:
                await MailStore(connection).give_up(row.id, at=now, error=error)
            else:
                await MailStore(connection).put_off(row.id, due_at=now + pause_s, error=error)
        metrics.mail_letters.labels("failed" if is_given_up else "retried").inc()
        log.warning(
            "mail.given_up" if is_given_up else "mail.put_off", letter=row.id, kind=row.kind, tries=row.n_tries, reason=error
        )


async def open_delivery(settings: Settings, database: Database, vault: Vault, clock: Clock) -> Delivery:
    """Return delivery as the settings say, with the vault's keys read. Raises SettingsError."""
    await vault.load(database, at=clock.now())
    sender, route = sender_of(settings.mail_from), route_of(settings.mail_address)
    carrier = None if route is None else carrier_for(route, greets_as=sender.domain)
    letters = Letters(sender, settings.public_url)
    return Delivery(database, vault, letters, carrier, clock=clock, dice=random.Random())  # noqa: S311  # nothing depends on nobody knowing it


def _link_life_s(facts: dict[str, str]) -> int | None:
    """Return how long the letter's link leads somewhere; later it would only puzzle its reader."""
    for name, seconds in (("minutes", 60), ("hours", 3600)):
        with contextlib.suppress(KeyError, ValueError):
            return int(facts[name]) * seconds
    return None


def _pause_s(n_tries: int, dice: random.Random) -> int:
    """Return the pause after so many tries: doubled each time, and spread so that letters do not come back all at once."""
    pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S << min(n_tries - 1, 10))
    return round(pause_s * dice.uniform(0.75, 1.25))
