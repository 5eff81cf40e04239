"""Replays in real processes: cut off with SIGKILL and gone on with, and the commands around them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from btcforecast.core import Candles, Origin, Series
from btcforecast.forecasts.ledger import Ledger
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database

START, HOUR, DAY = 1_764_547_200, 3600, 86400
SERIES = Series("kraken", "BTC/USD")
DRIVER = Path(__file__).with_name("drive_replay.py")
N_CYCLES = 12


def history() -> Candles:
    rng = np.random.default_rng(5)
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, 288 * 64)))
    opened = np.r_[90_000.0, close[:-1]]
    at = START - 60 * DAY + 300 * np.arange(len(close))
    return Candles(at, opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(len(close)))


async def prepared(url: str) -> None:
    database = Database(url)
    await database.migrate()
    async with database.transaction() as connection:
        await CandleStore(connection).write(SERIES, history(), recorded_at=START + 90 * DAY)
    await database.close()


def environment(folder: Path, url: str) -> dict[str, str]:
    names = {"MODEL_PATH": folder / "models", "SIGNING_KEY_FILE": folder / "key"}
    return {
        **os.environ,
        "DATABASE_URL": url,
        "CHAMPION": "ewma",
        "BASELINES": "random_walk",
        "FALLBACK": "",
        "CHALLENGERS": "",
        **{k: str(v) for k, v in names.items()},
    }


def drive(where: str, nth: int, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DRIVER, where, str(nth)], env=env, capture_output=True, text=True, check=False, timeout=180
    )


async def entries(url: str) -> list[tuple[str, object]]:
    database = Database(url)
    async with database.read() as connection:
        ledger = Ledger(connection, Origin.REPLAYED)
        found = await ledger.entries(0, before=await ledger.size())
    await database.close()
    return [(stored.entry.kind, stored.entry.body) for stored in found]


def command(env: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "btcforecast", *words], env=env, capture_output=True, text=True, check=False, timeout=120
    )


async def test_a_replay_killed_anywhere_goes_on_and_ends_as_if_nothing_had_happened(tmp_path: Path):
    whole = f"sqlite:///{tmp_path}/whole.db"
    await prepared(whole)
    assert drive("never", 0, environment(tmp_path / "a", whole)).stdout.split() == [str(N_CYCLES), "0"]

    cut = f"sqlite:///{tmp_path}/cut.db"
    env = environment(tmp_path / "b", cut)
    await prepared(cut)
    for where, nth in (("fit", 1), ("seal", 9)):
        assert drive(where, nth, env).returncode == -signal.SIGKILL
    issued, known = map(int, drive("never", 0, env).stdout.split())
    assert (issued + known, known > 0) == (N_CYCLES, True)
    # Compared one by one: a failing test must not print two whole ledgers.
    ours, theirs = await entries(cut), await entries(whole)
    assert len(ours) == len(theirs)
    assert [seq for seq, (one, other) in enumerate(zip(ours, theirs, strict=True)) if one != other] == []


async def test_a_replayed_forecast_is_shown_computed_again_and_refused_when_its_model_was_changed(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/b.db"
    env = environment(tmp_path, url)
    await prepared(url)
    replayed = command(env, "replay", "--from", "2025-12-01", "--to", "2025-12-01T12:00Z", "--every", "4h", "--json")
    assert json.loads(replayed.stdout)["n_issued"] == 3

    again = command(env, "forecast", "--at", "2025-12-01T04:00Z", "--json")
    assert again.returncode == 0, again.stderr
    shown = json.loads(again.stdout)
    assert (shown["recomputed"], shown["origin"], shown["model"]) == ("identical", "replayed", "ewma")

    unsealed = json.loads(command(env, "forecast", "--at", "2025-12-01T05:00Z", "--json").stdout)
    assert (unsealed["sealed"], unsealed["recomputed"]) == (False, None)

    record = json.loads(command(env, "track-record", "--origin", "replayed", "--json").stdout)
    assert record["n_cycles_issued"] == 3
    assert {figures["words"] for figures in record["figures"] if figures["role"] == "champion"} == {
        "too few settled forecasts to say"
    }

    (state,) = (tmp_path / "models").glob("*/ewma@*/state.npz")
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 1
    state.write_bytes(content)
    changed = command(env, "forecast", "--at", "2025-12-01T04:00Z")
    assert changed.returncode == 3
    assert "it was changed or cut" in " ".join(changed.stderr.split())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("forecast",), 1, "There are no candles yet"),
        (("track-record", "--window", "8d"), 2, "is not a window"),
    ],
)
def test_commands_say_what_is_wrong(tmp_path: Path, words: tuple[str, ...], code: int, said: str):
    found = command(environment(tmp_path, f"sqlite:///{tmp_path}/empty.db"), *words)
    assert (found.returncode, said in " ".join(found.stderr.split())) == (code, True), found.stderr
