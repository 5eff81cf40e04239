"""`btcforecast users`, `keys` and `audit`: the way to the first administrator, and from there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from btcforecast.cli.app import build_app
from btcforecast.core.errors import ConflictError, InputError, NotFoundError
from btcforecast.store.database import Database
from btcforecast.store.second_factor import PasskeyRow, PasskeyStore


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/one.db")


def call(*words: str, **more: Any) -> Result:
    return CliRunner().invoke(build_app(), list(words), **more)


def data(*words: str) -> Any:
    done = call(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_first_administrator_gets_a_key_and_the_log_is_whole(tmp_path: Path):
    ada = data("users", "create-admin", "ada@example.org", "--name", "Ada")
    assert ada["role"] == "administrator"
    made = call("keys", "create", "ada@example.org", "--name", "first", "--all-scopes")
    # Only the key is data, so that it can be piped into a safe place.
    assert made.stdout.startswith("btcf_")
    assert len(made.stdout.split()) == 1
    assert "shown this once" in made.stderr
    assert [key["counts"] for key in data("keys", "list", ada["id"])] == [True]
    assert [entry["action"] for entry in data("audit", "list")] == ["key.created", "person.invited", "person.added"]
    assert data("audit", "verify")["n_entries"] == 3
    assert data("audit", "export", "log.jsonl") == {"file": "log.jsonl", "n_entries": 3}
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [0, 1, 2]
    # Not the name alone: ids are hexadecimal, and it is.
    assert "ada@example.org" not in "".join(lines).lower()
    assert '"ada"' not in "".join(lines).lower()
    assert isinstance(call("audit", "export", "log.jsonl").exception, ConflictError)


def test_people_and_keys_change_by_command():
    data("users", "create-admin", "ada@example.org")
    data("users", "add", "grace@example.org", "--role", "analyst")
    key = data("keys", "create", "grace@example.org", "--name", "laptop", "--scope", "account:read")
    new = data("keys", "rotate", "grace@example.org", key["id"], "--overlap", "1h")
    assert data("keys", "revoke", "grace@example.org", new["id"])["counts"] is False
    assert data("users", "role", "grace@example.org", "operator")["role"] == "operator"
    assert data("users", "disable", "grace@example.org")["disabled_at"] is not None
    assert data("users", "enable", "grace@example.org")["disabled_at"] is None
    assert call("users", "delete", "grace@example.org", input="n\n").exit_code == 1
    assert [person["email"] for person in data("users", "list", "--text", "grace")] == ["grace@example.org"]
    data("users", "delete", "grace@example.org", "--yes")
    assert [person["email"] for person in data("users", "list")] == ["ada@example.org"]


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("users", "add", "grace"), InputError, "is not an address of mail"),
        (("users", "add", "ADA@example.org"), ConflictError, "already"),
        (("users", "role", "eve@example.org", "reader"), NotFoundError, "nobody"),
        (("users", "disable", "ada@example.org"), ConflictError, "last administrator"),
        (("keys", "revoke", "ada@example.org", "0" * 12), NotFoundError, "no key"),
        (("keys", "rotate", "ada@example.org", "0" * 12, "--overlap", "8d"), InputError, "0 to 7 days"),
        (("keys", "create", "ada@example.org", "--name", ""), InputError, "1 to 64 characters"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(words: tuple[str, ...], kind: type[Exception], said: str):
    data("users", "create-admin", "ada@example.org")
    done = call(*words)
    assert isinstance(done.exception, kind)
    assert said in str(done.exception)


def test_a_lost_second_factor_is_removed_by_command_and_told_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MAIL_URL", f"file:{tmp_path}/mail")
    ada = data("users", "create-admin", "ada@example.org")
    assert isinstance(call("users", "reset-second-factor", "ada@example.org").exception, NotFoundError)
    asyncio.run(_add_passkey(tmp_path, ada["id"]))
    assert data("users", "reset-second-factor", "ada@example.org")["id"] == ada["id"]
    assert data("audit", "list")[0]["facts"] == {"totp": False, "n_passkeys": 1}
    assert "second_factor_changed" in {letter["kind"] for letter in data("mail", "list")}


async def _add_passkey(folder: Path, person_id: str) -> None:
    database = Database(f"sqlite:///{folder}/one.db")
    async with database.transaction() as connection:
        await PasskeyStore(connection).add(
            PasskeyRow("aWQ", person_id, "laptop", b"key", 0, "", is_backed_up=False, created_at=1)
        )
    await database.close()


@pytest.mark.parametrize("words", [("users", "list"), ("keys", "list", "ada@example.org"), ("audit", "list")])
def test_people_get_tables(words: tuple[str, ...]):
    data("users", "create-admin", "ada@example.org")
    data("keys", "create", "ada@example.org", "--name", "first")
    done = call(*words)
    assert done.exit_code == 0
    assert "─" in done.stdout
    assert "…" not in done.stdout
