"""The record as a person meets it: fit, export, verify, tamper, verify again."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from btcforecast.cli.app import main
from btcforecast.core import Candles, Origin, Series
from btcforecast.forecasts.ledger import Ledger, leaf_hash
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database

AT = 1_764_547_200
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "verify_ledger.py"


async def _fill(address: str) -> None:
    rng = np.random.default_rng(0)
    opened_at = np.arange(AT - 70 * 86400, AT, 300)
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, len(opened_at))))
    database = Database(address)
    await database.migrate()
    async with database.transaction() as connection:
        candles = Candles(opened_at, close, close, close, close, np.ones(len(close)))
        await CandleStore(connection).write(Series("kraken", "BTC/USD"), candles, recorded_at=AT)
        for origin in Origin:
            bodies = [("missed_cycle", {"reason": f"Test {i}."}) for i in range(5)]
            await Ledger(connection, origin).append_many(bodies, at=AT)
    await database.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with candles, a fitted model and some entries."""
    folder = tmp_path_factory.mktemp("home")
    asyncio.run(_fill(f"sqlite:///{folder}/var/btcforecast.db"))
    return folder


class Commands:
    """Runs commands as the console script does, without starting Python each time."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, status: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["btcforecast", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        shown = self._capsys.readouterr()
        assert (stopped.value.code or 0) == status, shown.out + shown.err
        return shown.out

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", status=status))


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Runs commands in the working folder."""
    monkeypatch.chdir(home)
    return Commands(capsys, monkeypatch)


def test_a_record_is_exported_verified_tampered_with_and_refused(home: Path, run: Commands):
    [version] = run.json("fit", "--model", "random_walk", "--until", "2025-12-01")
    assert [found["version"] for found in run.json("models", "list")] == [version["version"]]
    assert run.json("models", "verify") == {"sound": True, "n_versions": 1, "faults": []}

    assert run.json("ledger", "export", "record")["n_entries"] == {"live": 6, "replayed": 5}
    key = run.json("ledger", "key")[0]
    assert run.json("ledger", "verify")["sound"]
    # Verifying files needs no settings: these would be refused.
    (home / ".env").write_text("ENVIRONMENT=nonsense\n")
    command = [str(Path(sys.executable).with_name("btcforecast")), "ledger", "verify", "record", "--key", key]
    options = ["--checkpoint", "record/live/checkpoint", "--json"]
    report = json.loads(subprocess.run([*command, *options], cwd=home, capture_output=True, text=True, check=True).stdout)
    assert (report["sound"], report["key_pinned"]) == (True, True)
    independent = subprocess.run(
        [sys.executable, str(EXAMPLE), "record", key], cwd=home, capture_output=True, text=True, check=True
    )
    assert independent.stdout.splitlines() == [
        "live: 6 entries are as they were signed",
        "replayed: 5 entries are as they were signed",
    ]
    (home / ".env").unlink()

    entries = home / "record" / "live" / "entries-000000000000.jsonl"
    entries.write_bytes(entries.read_bytes().replace(b"Test 3.", b"Test 8."))
    found = run.json("ledger", "verify", "record", status=3)
    assert found["faults"][0] == {
        "where": "live",
        "entry": 3,
        "what": "it was changed: its bytes are not those that were signed",
    }
    assert "live, entry 3" in run("ledger", "verify", "record", status=3)
    refused = subprocess.run([sys.executable, str(EXAMPLE), "record"], cwd=home, capture_output=True, text=True, check=False)
    assert "entry 4 does not follow from the one before it" in refused.stderr

    state = next(home.glob("var/models/*/*/state.npz"))
    state.write_bytes(state.read_bytes()[:-1])
    assert "state.npz" in run.json("models", "verify", status=3)["faults"][0]["what"]
    run("models", "show", version["version"], status=3)


def test_an_entry_is_shown_and_proved(run: Commands):
    run("ledger", "export", "for_proof")

    text = run("ledger", "show", "2", "--ledger", "replayed", "--json").removesuffix("\n")
    proof = run.json("ledger", "prove", "2", "--ledger", "replayed", "--since", "3")

    assert json.loads(text)["body"] == {"reason": "Test 2."}
    assert proof["leaf_hash"] == leaf_hash(text.encode()).hex()
    assert (proof["tree_size"], len(proof["inclusion_proof"]), len(proof["consistency_proof"])) == (5, 3, 4)
    assert proof["checkpoint"].startswith("btcforecast/replayed\n5\n")
    status = {row["ledger"]: row["n_signed"] for row in run.json("ledger", "status")}
    assert status["replayed"] == 5
    run("ledger", "show", "99", status=1)
    run("ledger", "prove", "99", status=2)
    run("ledger", "export", "for_proof", status=1)


def test_numbers_and_folders_that_cannot_be_are_refused_in_words(run: Commands):
    run("ledger", "show", "99999999999999999999", status=2)
    run("ledger", "prove", "0", "--size", "99999999999999999999", status=2)
    run("ledger", "export", "/dev/null/record", status=2)


@pytest.mark.parametrize("key", ["foo", "a+b+c"])
def test_a_key_that_is_none_is_named(run: Commands, monkeypatch: pytest.MonkeyPatch, key: str):
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)

    run("ledger", "verify", "--key", key, status=2)

    assert f"“{key}” is not a key" in said.getvalue()


def test_an_error_says_brackets_as_they_were_typed(run: Commands, monkeypatch: pytest.MonkeyPatch):
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)

    run("forecast", "--at", "[/][bold]", status=2)

    assert "“[/][bold]” is not an instant" in said.getvalue()
