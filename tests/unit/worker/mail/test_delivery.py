"""The queue of letters: nothing is lost, each goes to one worker, and what fails is tried again with patience (USR-2, DAT-1)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from mail_server import Moods, mail_server

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.encryption.rotation import rotate_secrets
from btcforecast.accounts.encryption.secret_key import new_secret_key
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.mail.letters import Letter, post
from btcforecast.accounts.mail.route import ServerRoute, Tls, sender_of
from btcforecast.core import ManualClock
from btcforecast.settings import Settings
from btcforecast.store.database import Database
from btcforecast.store.mail import MailRow, MailStore
from btcforecast.worker.mail import Carrier, Delivery, Letters, NotCarriedError, ServerCarrier, open_delivery

NOW = 1_764_547_200
DAY = 86400
SECRET = new_secret_key()
LETTERS = Letters(sender_of("btcforecast <noreply@page.example>"), "https://page.example")
ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Pile:
    """A carrier that keeps what it is given, or fails as it is told."""

    def __init__(self, *faults: Exception) -> None:
        self.ids: list[str] = []
        self.faults = list(faults)

    @asynccontextmanager
    async def carry(self, message: EmailMessage) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        self.ids.append(str(message["Message-ID"]))
        yield


@pytest.fixture
async def vault(database: Database) -> Vault:
    found = Vault(SECRET)
    await found.load(database, at=NOW)
    return found


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def delivery(database: Database, vault: Vault, clock: ManualClock, carrier: Carrier | None) -> Delivery:
    return Delivery(database, vault, LETTERS, carrier, clock=clock, dice=random.Random(1))


async def write(database: Database, vault: Vault, *, letter: Letter = Letter.TEST, at: int = NOW, **facts: str) -> MailRow:
    async with database.transaction() as connection:
        said = facts or {"at": "now"}
        await post(connection, vault, letter, to="ada@example.org", person_id=None, facts=said, at=at)
    return (await rows(database))[0]


async def rows(database: Database) -> list[MailRow]:
    async with database.read() as connection:
        return sorted(await MailStore(connection).letters(state=None, limit=1000), key=lambda row: -row.created_at)


async def test_a_letter_is_sent_once_and_forgotten(database: Database, vault: Vault, clock: ManualClock):
    written, pile = await write(database, vault), Pile()
    mail = delivery(database, vault, clock, pile)
    assert [await mail.deliver_due() for _ in range(3)] == [1, 0, 0]
    assert pile.ids == [f"<{written.id}@page.example>"]
    (row,) = await rows(database)
    assert (row.state, row.sent_at, row.sealed, row.n_tries) == ("sent", NOW, b"", 1)


async def test_a_letter_of_a_transaction_that_fails_is_never_sent(database: Database, vault: Vault, clock: ManualClock):
    async def fail() -> None:
        async with database.transaction() as connection:
            await post(connection, vault, Letter.TEST, to="a@example.org", person_id=None, facts={"at": "now"}, at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await delivery(database, vault, clock, pile := Pile()).deliver_due() == 0
    assert pile.ids == []


@ONE
@pytest.mark.parametrize("facts", [{}, {"at": "now", "more": "x"}, {"link": "x"}])
async def test_a_letter_with_other_facts_than_its_own_is_not_written(database: Database, vault: Vault, facts: dict[str, str]):
    async with database.transaction() as connection:
        with pytest.raises(ValueError, match="The letter test says at"):
            await post(connection, vault, Letter.TEST, to="a@example.org", person_id=None, facts=facts, at=NOW)
    assert await rows(database) == []


async def test_workers_at_the_same_time_send_each_letter_once(database: Database, vault: Vault, clock: ManualClock):
    for _ in range(40):
        await write(database, vault)
    pile = Pile()

    async def work() -> None:
        mail = delivery(database, vault, clock, pile)
        while await mail.deliver_due():
            pass

    while any(row.state == "waiting" for row in await rows(database)):
        await asyncio.gather(*(work() for _ in range(4)))
    assert len(pile.ids) == len(set(pile.ids)) == 40


async def test_a_letter_that_a_dead_worker_had_taken_comes_back_by_itself(database: Database, vault: Vault, clock: ManualClock):
    await write(database, vault)
    async with database.transaction() as connection:
        assert len(await MailStore(connection).take(at=NOW, until=NOW + 120, limit=9)) == 1
    mail = delivery(database, vault, clock, pile := Pile())
    clock.advance(119)
    assert await mail.deliver_due() == 0
    clock.advance(1)
    assert await mail.deliver_due() == 1
    assert len(pile.ids) == 1
    assert (await rows(database))[0].n_tries == 2


async def test_what_fails_is_tried_again_with_longer_pauses_and_then_given_up(
    database: Database, vault: Vault, clock: ManualClock
):
    await write(database, vault)
    pile = Pile(*[NotCarriedError("The server cannot be reached.") for _ in range(1000)])
    mail = delivery(database, vault, clock, pile)
    pauses: list[int] = []
    while True:
        assert await mail.deliver_due() == 1
        (row,) = await rows(database)
        if row.state == "failed":
            break
        pauses.append(row.due_at - clock.now())
        clock.at = row.due_at
    for n, pause in enumerate(pauses):
        assert 0.75 <= pause / min(3600, 30 * 2**n) <= 1.25
    assert len(set(pauses)) > 10
    assert 2 * DAY - 4500 < clock.now() - NOW <= 2 * DAY
    assert row.last_error == "The server cannot be reached."
    assert row.sealed


async def test_a_final_refusal_gives_up_at_once_and_the_letter_can_be_tried_again_by_hand(
    database: Database, vault: Vault, clock: ManualClock
):
    written = await write(database, vault)
    mail = delivery(database, vault, clock, pile := Pile(NotCarriedError("No such reader.", is_final=True)))
    assert [await mail.deliver_due() for _ in range(2)] == [1, 0]
    assert (await rows(database))[0].state == "failed"
    async with database.transaction() as connection:
        await MailStore(connection).retry(written.id, at=NOW)
    assert await mail.deliver_due() == 1
    assert (await rows(database))[0].state == "sent"
    assert len(pile.ids) == 1


@ONE
async def test_one_reader_who_is_refused_stops_nobody_else(database: Database, vault: Vault, clock: ManualClock):
    for _ in range(20):
        await write(database, vault)
    pile = Pile(NotCarriedError("x"), NotCarriedError("x", is_final=True), ValueError("x"))
    mail = delivery(database, vault, clock, pile)
    while await mail.deliver_due():
        pass
    assert sorted(row.state for row in await rows(database)) == ["failed"] + ["sent"] * 17 + ["waiting"] * 2


@ONE
@pytest.mark.parametrize(("minutes", "state"), [("30", "failed"), ("32", "sent")])
async def test_a_link_that_has_ended_is_not_sent_any_more(
    database: Database, vault: Vault, clock: ManualClock, minutes: str, state: str
):
    await write(database, vault, letter=Letter.RESET_PASSWORD, link="https://page.example/reset", minutes=minutes)
    clock.advance(31 * 60)
    assert await delivery(database, vault, clock, Pile()).deliver_due() == 1
    (row,) = await rows(database)
    assert row.state == state
    assert row.last_error == (None if state == "sent" else "Its link ended before it could be sent.")


@ONE
async def test_a_notice_is_sent_however_late(database: Database, vault: Vault, clock: ManualClock):
    await write(database, vault, letter=Letter.PASSWORD_CHANGED)
    clock.advance(10 * DAY)
    assert await delivery(database, vault, clock, Pile()).deliver_due() == 1
    assert (await rows(database))[0].state == "sent"


async def test_a_letter_sealed_with_a_key_younger_than_the_process_is_sent(database: Database, vault: Vault, clock: ManualClock):
    other = Vault(SECRET)
    await rotate_secrets(database, other, "data", actor=Actor("command line"), at=NOW)
    await write(database, other)
    assert await delivery(database, vault, clock, pile := Pile()).deliver_due() == 1
    assert len(pile.ids) == 1


@ONE
async def test_a_letter_that_cannot_be_read_waits_and_says_so(database: Database, vault: Vault, clock: ManualClock):
    async with database.transaction() as connection:
        await MailStore(connection).add(MailRow("m_x", None, "a@example.org", "test", b"deadbeef" * 8, NOW, NOW))
        await MailStore(connection).add(
            MailRow("m_y", None, "a@example.org", "unheard", vault.seal(b"{}", place="mail:m_y"), NOW, NOW)
        )
    assert await delivery(database, vault, clock, Pile()).deliver_due() == 2
    assert {row.last_error for row in await rows(database)} == {
        "The letter cannot be written (IntegrityError).",
        "The letter cannot be written (ValueError).",
    }
    assert {row.state for row in await rows(database)} == {"waiting"}


@ONE
async def test_without_a_server_letters_wait_two_days_and_are_then_given_up(database: Database, vault: Vault, clock: ManualClock):
    await write(database, vault)
    mail = delivery(database, vault, clock, None)
    assert await mail.deliver_due() == 0
    clock.advance(2 * DAY)
    await write(database, vault, at=clock.now())
    await mail.deliver_due()
    assert [row.state for row in await rows(database)] == ["waiting", "failed"]
    assert (await rows(database))[1].last_error == "No mail server is configured (MAIL_URL)."


@ONE
async def test_ended_letters_are_forgotten_and_waiting_ones_are_not(database: Database, vault: Vault, clock: ManualClock):
    for fault in (None, NotCarriedError("x"), NotCarriedError("x", is_final=True)):
        await write(database, vault)
        await delivery(database, vault, clock, Pile(*filter(None, [fault]))).deliver_due()
    async with database.transaction() as connection:
        assert await MailStore(connection).drop_ended(ended_before=NOW) == 0
        assert await MailStore(connection).drop_ended(ended_before=NOW + 1) == 2
    assert [row.state for row in await rows(database)] == ["waiting"]


@ONE
async def test_a_letter_whose_answer_was_lost_comes_again_as_the_same_message(
    database: Database, vault: Vault, clock: ManualClock
):
    await write(database, vault)
    with mail_server(moods=Moods(cut_off="after")) as server:
        carrier = ServerCarrier(ServerRoute("127.0.0.1", server.port, Tls.NONE), greets_as="page.example")
        mail = delivery(database, vault, clock, carrier)
        assert await mail.deliver_due() == 1
        assert (await rows(database))[0].last_error == "The connection broke off."
        server.moods.cut_off = None
        clock.advance(60)
        assert await mail.deliver_due() == 1
        first, second = server.next_letter(), server.next_letter()
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    assert (await rows(database))[0].state == "sent"


@ONE
async def test_stopping_ends_the_letter_under_way(database: Database, vault: Vault, clock: ManualClock):
    await write(database, vault)
    with mail_server() as server:
        server.moods.holds.clear()
        carrier = ServerCarrier(ServerRoute("127.0.0.1", server.port, Tls.NONE), greets_as="page.example")
        running = asyncio.create_task(delivery(database, vault, clock, carrier).run())
        await asyncio.to_thread(server.began.get, timeout=60)
        running.cancel()
        server.moods.holds.set()
        await asyncio.wait({running})
    assert running.cancelled()
    assert (await rows(database))[0].state == "sent"


@ONE
async def test_the_settings_say_where_letters_go(database: Database, clock: ManualClock, tmp_path: Path):
    settings = Settings(_env_file=None, environment="test", mail_url=f"file:{tmp_path}/mail", mail_from="<x@page.example>")
    vault = Vault(SECRET)
    mail = await open_delivery(settings, database, vault, clock)
    written = await write(database, vault)
    assert await mail.deliver_due() == 1
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [f"{written.id}.eml"]
