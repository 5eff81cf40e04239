"""`btcforecast ask`: the answers of the API, on the command line."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from seeded_store import make_signer, seed
from typer.testing import CliRunner

from btcforecast.cli.app import build_app
from btcforecast.core.errors import InputError
from btcforecast.store.database import Database


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store as it stands at the present hour."""
    made = tmp_path_factory.mktemp("ask")

    async def fill() -> None:
        database = Database(f"sqlite:///{made}/one.db")
        await database.migrate()
        now = int(time.time())
        await seed(database, make_signer(made), now=now - now % 3600 + 90)
        await database.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(fill())).result()
    return made


@pytest.fixture(autouse=True)
def _settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder}/one.db")
    monkeypatch.setenv("SIGNING_KEY_FILE", str(folder / "signing.key"))
    monkeypatch.setenv("CHAMPION", "day_paths")


def ask(*words: str) -> Result:
    return CliRunner().invoke(build_app(), ["ask", *words])


def answer(*words: str) -> dict[str, Any]:
    done = ask(*words, "--json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_commands_give_one_coherent_set_of_answers():
    spot = answer("range", "--horizon", "3d")["spot"]
    level = str(1.02 * spot)
    above, touched = (answer(kind, level, "--horizon", "3d")["probability"] for kind in ("above", "touch"))
    between = answer("between", str(spot), level, "--horizon", "3d")["probability"]
    below = answer("below", str(spot), "--horizon", "3d")["probability"]
    assert above + between + below == pytest.approx(1)
    passage = answer("passage", level, "--horizon", "3d")
    assert touched == passage["probability"] > above


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["touch", "95000", "--horizon", "2d"], "%"),
        (["range", "--horizon", "24h"], "highest"),
        (["risk", "--horizon", "24h"], "short"),
        (["passage", "95000"], "By, UTC"),
        (["record", "--origin", "replayed"], "between"),
    ],
)
def test_people_get_words_and_a_table(words: list[str], shown: str):
    done = ask(*words)
    assert done.exit_code == 0, done.stderr
    assert shown in done.stdout
    assert "…" not in done.stdout
    assert "simulated BTC/USD" in done.stderr or words[0] == "record"


def test_what_cannot_be_answered_ends_with_a_sentence():
    done = ask("above", "95000", "--by", "someday")
    assert isinstance(done.exception, InputError)
    assert "“someday” is not an instant" in str(done.exception)
