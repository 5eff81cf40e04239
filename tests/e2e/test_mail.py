"""Mail between real processes and a real mail server: killed while sending, nothing is lost (USR-2, INC-4); the commands (ENV-3)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mail_server import WITHIN_S, MailServer, Moods, certificate, mail_server

from btcforecast.accounts.encryption.secret_key import new_secret_key
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.mail.letters import Letter, post
from btcforecast.core import SystemClock
from btcforecast.store.database import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "api"))
from serving import served  # found through the path set above

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


class Place:
    """A folder with a database, and the environment of the commands that are run there."""

    def __init__(self, folder: Path, mail_url: str) -> None:
        self.folder = folder
        self.secret = new_secret_key()
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "PYTHONPATH"}}
        self.environment = kept | {
            "ENVIRONMENT": "test",
            "DATABASE_URL": f"sqlite:///{folder}/mail.db",
            "SECRET_KEY": self.secret,
            "MAIL_URL": mail_url,
            "MAIL_FROM": "btcforecast <noreply@page.example>",
            "PUBLIC_URL": "https://page.example",
        }

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "btcforecast", *words],
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def running(self, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        process = self.start(*words, **environment)
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=WITHIN_S)

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        process = self.start(*words, **environment)
        text = process.communicate(timeout=WITHIN_S)[0]
        return process.returncode, text

    def letters(self) -> list[dict[str, Any]]:
        code, text = self.run("mail", "list", "--json")
        assert code == 0, text
        found: list[dict[str, Any]] = json.loads(text)
        return found

    def post(self) -> None:
        """Write a letter as the service does, in a transaction of its own."""

        async def write() -> None:
            database, vault, now = Database(self.environment["DATABASE_URL"]), Vault(self.secret), SystemClock().now()
            await database.migrate()
            await vault.load(database, at=now)
            facts = {"link": "https://page.example/verify#token=1", "hours": "24"}
            async with database.transaction() as connection:
                await post(connection, vault, Letter.VERIFY_ADDRESS, to="ada@example.org", person_id=None, facts=facts, at=now)
            await database.close()

        asyncio.run(write())


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


@pytest.fixture
def place(tmp_path: Path, server: MailServer) -> Place:
    return Place(tmp_path, f"smtp://127.0.0.1:{server.port}")


@pytest.mark.parametrize("takes_first", [False, True], ids=["before-the-server-took-it", "before-its-answer-was-heard"])
def test_a_process_killed_while_sending_loses_nothing(place: Place, server: MailServer, *, takes_first: bool):
    place.post()
    server.moods.takes_first = takes_first
    server.moods.holds.clear()
    with place.running("mail", "deliver") as process:
        server.began.get(timeout=WITHIN_S)
        process.send_signal(signal.SIGKILL)
        process.wait(WITHIN_S)
    n_before = server.n_unread
    server.moods.holds.set()
    (left,) = place.letters()
    assert (left["state"], left["n_tries"]) == ("waiting", 1)
    # It would come back by itself in two minutes.
    assert place.run("mail", "retry", left["id"])[0] == 0
    with place.running("mail", "deliver"):
        first = server.next_letter()
        second = server.next_letter() if takes_first else first
    assert n_before == int(takes_first)
    assert {first["Message-ID"], second["Message-ID"]} == {f"<{left['id']}@page.example>"}
    assert place.letters()[0]["state"] == "sent"


def test_a_worker_that_is_still_getting_ready_sends_mail(place: Place, server: MailServer):
    place.post()
    nowhere = json.dumps({"kraken": "http://127.0.0.1:9"})
    with place.running("worker", MARKET="live", VENUES="kraken", VENUE_URLS=nowhere):
        assert server.next_letter()["To"] == "ada@example.org"
    assert place.letters()[0]["state"] == "sent"


def test_a_newcomer_signs_up_by_the_link_that_arrives(place: Place, server: MailServer):
    password = "seven herons cross a copper river"
    settings = {name: place.environment[name] for name in ("SECRET_KEY", "MAIL_URL", "MAIL_FROM", "PUBLIC_URL", "ENVIRONMENT")}
    assert place.letters() == []
    with served(place.environment["DATABASE_URL"], place.folder, **settings) as (address, _), place.running("mail", "deliver"):
        asked = {"email": "ada@example.org", "name": "Ada", "password": password}
        assert httpx2.post(f"{address}/v1/auth/register", json=asked).status_code == 202
        letter = server.next_letter()
        assert (letter["To"], letter["Subject"]) == ("ada@example.org", "Confirm your address")
        links = {re.findall(r"https://page.example/verify#token=([\w-]+)", part.get_content())[0] for part in letter.iter_parts()}
        (token,) = links
        assert httpx2.post(f"{address}/v1/auth/verify", json={"token": token}).status_code == 201
        found = httpx2.post(f"{address}/v1/auth/login", json={"email": "ada@example.org", "password": password})
        assert found.json()["session"]["person"]["name"] == "Ada"
    (kept,) = place.letters()
    assert (kept["kind"], kept["state"]) == ("verify_address", "sent")


def test_the_test_letter_arrives_or_says_what_went_wrong(tmp_path: Path):
    serves, _ = certificate(tmp_path)
    secret = "planted-secret-of-mail"
    with mail_server(tls=serves, user=("us", secret)) as server:
        place = Place(tmp_path, f"smtps://us:{secret}@localhost:{server.port}")
        believed = {"SSL_CERT_FILE": str(tmp_path / "mail.crt")}
        code, said = place.run("mail", "send-test", "ada@example.org", **believed)
        assert (code, server.next_letter()["Subject"]) == (0, "Mail arrives"), said
        code, said = place.run("mail", "send-test", "ada@example.org")
        assert (code, "TLS failed" in said) == (1, True), said
        assert secret not in said
        wrong = {"MAIL_URL": f"smtps://us:wrong-{secret}@localhost:{server.port}"}
        code, said = place.run("mail", "send-test", "ada@example.org", **believed, **wrong)
        assert (code, "refused our user and password with 535" in said) == (1, True), said
        assert secret not in said
    code, said = place.run("mail", "send-test", "ada@example.org", MAIL_URL="")
    assert (code, "MAIL_URL is empty" in said) == (2, True), said


def test_letters_are_listed_without_addresses_and_can_be_tried_again(place: Place, server: MailServer):
    place.post()
    server.moods = Moods(refuse_recipients_with="550 5.1.1 {address} is unknown")
    with place.running("mail", "deliver") as process:
        assert process.stdout is not None
        assert any("mail.given_up" in line for line in process.stdout)
    code, shown = place.run("mail", "list", "--state", "failed")
    assert code == 0
    assert "a…@example.org" in shown
    assert "ada@example.org" not in shown
    server.moods = Moods()
    (letter,) = place.letters()
    assert letter["last_error"] == "The server refused the recipient with 550 5.1.1."
    assert place.run("mail", "retry", letter["id"])[0] == 0
    with place.running("mail", "deliver"):
        server.next_letter()
    code, said = place.run("mail", "retry", letter["id"])
    assert (code, "was sent at" in said) == (1, True)
    assert place.run("mail", "retry", "m_unheard")[0] == 1
    assert place.run("audit", "list", "--action", "mail.retried")[1].count("mail.retried") == 1


def test_delivery_without_a_server_says_what_to_set(place: Place):
    code, said = place.run("mail", "deliver", MAIL_URL="")
    assert (code, "MAIL_URL is empty" in said) == (2, True)
