"""Secrets are planted everywhere in a running service with its logs at DEBUG, and looked for wherever anybody can read (DAT-1, ENV-5)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pyotp
import pytest
from mail_server import MailServer, Moods, mail_server
from test_run import answer, free_port, started

from btcforecast.accounts.encryption.secret_key import new_secret_key

PASSWORD = "planted heron of the copper river"
WRONG = "planted wrong heron of the iron river"
NEW = "planted newer heron of the silver river"
MAIL_USER = ("postmaster", "planted-mail-password")
EMAIL = "ada@example.org"
BROWSER = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server(moods=Moods(), user=MAIL_USER) as server:
        yield server


@pytest.fixture
def settings(postgresql_url: str, mail: MailServer) -> dict[str, str]:
    port = free_port()
    return {
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "DEBUG",
        "DATABASE_URL": postgresql_url.replace("postgres:@", "postgres:planted-database-password@"),
        "SECRET_KEY": new_secret_key(),
        "MAIL_URL": f"smtp://{MAIL_USER[0]}:{MAIL_USER[1]}@127.0.0.1:{mail.port}",
        "RATE_LIMIT_STORE": f"redis://:planted-store-password@127.0.0.1:{free_port()}/0",
        "MARKET": "simulated", "CHAMPION": "ewma", "BASELINES": "random_walk", "FALLBACK": "", "CHALLENGERS": "", "REPLAY_AT_START": "1d",
    }  # fmt: skip


class Visitor:
    """A person with a browser and a script, who makes every mistake that sends a secret where none belongs."""

    def __init__(self, base: str, mail: MailServer) -> None:
        self.browser = httpx2.Client(base_url=base, headers=BROWSER, timeout=60)
        self.mail = mail
        self.secrets: dict[str, str] = {"a password": PASSWORD, "a wrong password": WRONG, "a new password": NEW}
        self.answers: list[str] = []

    def ask(self, method: str, path: str, *, reveals: bool = False, **given: Any) -> Any:
        """Ask, and keep the answer unless it is the one that shows a secret once, on purpose."""
        found = self.browser.request(method, path, **given)
        if not reveals:
            self.answers.append(f"{found.status_code} {found.headers} {found.text}")
        return found.json() if "json" in found.headers.get("content-type", "") else found.text

    def link(self) -> str:
        """Return what is secret in the next letter that has a link; others tell what happened."""
        while True:
            body = self.mail.next_letter().get_body(("plain",))
            assert body is not None
            if found := re.search(r"#(?:token=)?([\w-]{20,})", body.get_content()):
                return found[1]

    def make_mistakes(self, path: str) -> None:
        """Send a password in every wrong shape."""
        for body in (
            {"email": EMAIL, "password": [PASSWORD]},
            {"password": PASSWORD},
            {"email": PASSWORD, "password": PASSWORD},
        ):
            self.ask("POST", path, json=body)
        self.ask("POST", path, content=f'{{"password": "{PASSWORD}"'.encode(), headers={"Content-Type": "application/json"})
        self.ask("POST", path, data={"password": PASSWORD})

    def live(self) -> None:
        """Sign up, log in, make a key and a second factor, change the password."""
        self.ask("POST", "/v1/auth/register", json={"email": EMAIL, "name": "Ada", "password": PASSWORD})
        self.secrets["a link"] = self.link()
        self.ask("POST", "/v1/auth/verify", json={"token": self.secrets["a link"]})
        for path in ("/v1/auth/login", "/v1/auth/register", "/v1/auth/password/reset", "/v1/auth/refresh"):
            self.make_mistakes(path)
        self.ask("POST", "/v1/auth/login", json={"email": EMAIL, "password": WRONG})
        session = self.ask("POST", "/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}, reveals=True)
        access = self.secrets["an access token"] = session["session"]["access_token"]
        bearer = {"Authorization": f"Bearer {access}"}
        for name, value in self.browser.cookies.items():
            self.secrets[f"the cookie {name}"] = value
        self.ask("POST", "/v1/auth/refresh", json={}, headers={"X-CSRF-Token": "another"})
        made = self.ask("POST", "/v1/me/keys", json={"name": "mine"}, headers=bearer, reveals=True)
        key = self.secrets["a key"] = made["text"]
        factor = self.ask("POST", "/v1/me/totp", headers=bearer, reveals=True)
        self.secrets["a seed"] = factor["secret"]
        codes = self.ask(
            "POST", "/v1/me/totp/confirm", json={"code": pyotp.TOTP(factor["secret"]).now()}, headers=bearer, reveals=True
        )
        self.secrets |= {f"recovery code {number}": code for number, code in enumerate(codes["recovery_codes"])}
        by_key = {"Authorization": f"Bearer {key}"}
        for path in ("/v1/me", "/v1/me/usage", "/v1/me/keys", "/v1/me/events", "/v1/me/export"):
            self.ask("GET", path, headers=by_key)
            self.ask("GET", path, headers=bearer)
        # Where a key does not belong: in an address, twice in a header, in another scheme, cut off.
        for path in (f"/v1/price?api_key={key}", f"/v1/candles?venue={key}", f"/v1/models/{key}", f"/{key}"):
            # The answer repeats the address to who asked; nothing else may.
            self.ask("GET", path, reveals=True)
        for wrong in (f"Bearer {key} {key}", f"Basic {key}", f"Bearer {key[:-1]}", f"Bearer {access}x", key):
            self.ask("GET", "/v1/me", headers={"Authorization": wrong})
        self.ask("POST", "/v1/me/password", json={"current_password": PASSWORD, "new_password": NEW}, headers=bearer)
        self.ask("POST", "/v1/auth/password/forgotten", json={"email": EMAIL})

    def look(self) -> None:
        """Read what everybody may."""
        for path in (
            "/metrics",
            "/health",
            "/health/ready",
            "/health/detailed",
            "/v1/status",
            "/v1/auth/options",
            "/v1/price",
            "/",
        ):
            self.ask("GET", path)


def command(folder: Path, settings: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "btcforecast", *arguments],
        cwd=folder, env=os.environ | settings, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def command_lines(pid: int) -> str:
    return json.dumps([process.cmdline() for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]])


def test_no_secret_is_read_anywhere(settings: dict[str, str], mail: MailServer, postgresql_server: str, tmp_path: Path):
    visitor = Visitor(settings["PUBLIC_URL"], mail)
    visitor.secrets |= {
        "SECRET_KEY": settings["SECRET_KEY"],
        "the database's password": "planted-database-password",
        "the mail server's password": MAIL_USER[1],
        "the store's password": "planted-store-password",
    }
    places: dict[str, str] = {}
    with started(tmp_path, "run", **settings) as process:
        answer(f"{settings['PUBLIC_URL']}/health")
        visitor.live()
        visitor.secrets["a second link"] = visitor.link()
        visitor.look()
        places["the list of processes"] = command_lines(process.pid)
        for arguments in (
            "doctor",
            "doctor --json",
            "users list --json",
            "keys list --json",
            "mail list --json",
            "audit export",
            "ledger verify",
        ):
            places[f"btcforecast {arguments}"] = command(tmp_path, settings, *arguments.split())
        name = settings["DATABASE_URL"].partition("?")[0].rpartition("/")[2]
        # A statement that fails over what people typed, a letter that cannot be sent, and then no database at all.
        with psycopg.connect(postgresql_server.replace("/postgres?", f"/{name}?"), autocommit=True) as connection:
            connection.execute("ALTER TABLE people RENAME TO gone")
            visitor.secrets["an address"] = "grace.planted@example.org"
            visitor.ask("POST", "/v1/auth/login", json={"email": visitor.secrets["an address"], "password": WRONG})
            connection.execute("ALTER TABLE gone RENAME TO people")
        mail.moods.refuse_letters_with = "550 no"
        visitor.ask("POST", "/v1/auth/password/forgotten", json={"email": EMAIL})
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            visitor.look()
            visitor.ask("POST", "/v1/auth/login", json={"email": EMAIL, "password": NEW})
            places["btcforecast doctor, without a database"] = command(tmp_path, settings, "doctor")
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        process.terminate()
        places["the logs"], _ = process.communicate(timeout=60)
    places["the answers"] = "\n".join(visitor.answers)
    found = [
        f"{secret} in {place}" for place, text in places.items() for secret, value in visitor.secrets.items() if value in text
    ]
    assert found == []
    # It looked where something could have been.
    assert "[debug" in places["the logs"]
    assert EMAIL in places["btcforecast users list --json"]
    assert len(visitor.secrets) >= 20
