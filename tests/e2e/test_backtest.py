"""`btcforecast backtest` as its users run it: whole files in, tables and Parquet out, killed and continued."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scoringrules as sr

from btcforecast.cli.app import main
from btcforecast.core import LEVELS, Distribution

ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests" / "unit" / "engine" / "backtest"
MODELS = "toy:Gaussian,toy:Wide"


def command(candle_file: Path, *more: str) -> list[str]:
    run = [sys.executable, "-m", "btcforecast", "backtest", "--candles", str(candle_file)]
    return [*run, "--from", "2025-01-05", "--to", "2025-01-29", "--every", "2h", "--models", MODELS, *more]


def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(TOY), "XDG_CACHE_HOME": str(tmp_path / "cache")}


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(tmp_path: Path, arguments: list[str]) -> Done:
    """Run the command inside this process, which has loaded everything already."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        patch.syspath_prepend(TOY)
        patch.setattr(sys, "argv", ["btcforecast", *arguments[3:]])
        for name, value in environment(tmp_path).items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as stopped:
            main()
    return Done(int(stopped.value.code or 0), stdout.getvalue(), stderr.getvalue())


def run_json(tmp_path: Path, arguments: list[str]) -> dict[str, Any]:
    done = run(tmp_path, [*arguments, "--json"])
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def digests(folder: Path) -> dict[str, str]:
    """Everything that a backtest wrote, but for the seconds that it took."""
    found = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.parquet")}
    found["run.json"] = (folder / "run.json").read_text()
    board = json.loads((folder / "leaderboard.json").read_text())
    return found | {"leaderboard": json.dumps({key: value for key, value in board.items() if key != "seconds"})}


WHOLE = ("--horizons", "1h,24h,7d", "--paths", "--n-paths", "40", "--refit-every", "4d", "--baselines", "toy:Wide")


@pytest.fixture(scope="module")
def exported(candle_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("whole")
    run_json(tmp_path, command(candle_file, *WHOLE, "--export", str(tmp_path / "out")))
    return tmp_path / "out"


def test_the_leaderboard_ranks_and_the_skipped_are_counted(exported: Path):
    board = json.loads((exported / "leaderboard.json").read_text())
    assert (board["n_origins"], board["n_skipped"]) == (24 * 12 - 1, 1)
    assert list(board["horizons"]) == ["1h", "24h", "7d"]
    for places in board["horizons"].values():
        assert [place["model"] for place in places] == ["toy:Gaussian", "toy:Wide"]
        assert places[0]["ratios"]["toy:Wide"]["value"] < 1
    hour = board["horizons"]["1h"][0]
    assert hour["ratios"]["toy:Wide"]["high"] < 1
    assert all(abs(held - int(percent)) < 8 for percent, held in hour["coverage"].items())
    assert board["paths"][0]["model"] == "toy:Gaussian"
    assert set(board["seconds"]) == {"toy:Gaussian", "toy:Wide"}


def test_the_export_is_enough_to_score_with_other_code(exported: Path):
    outcomes = pl.read_parquet(exported / "outcomes.parquet")
    forecasts = pl.read_parquet(exported / "forecasts" / "*.parquet")
    scores = pl.read_parquet(exported / "scores" / "*.parquet")
    key = ["as_of", "horizon_s"]
    assert forecasts.height == scores.height == 2 * outcomes.height == 2 * 287 * 3
    assert outcomes.filter(pl.col("log_return").is_null() & (pl.col("target_at") < pl.date(2025, 1, 31))).height == 1
    joined = forecasts.join(outcomes, on=key).join(scores, on=["model", *key]).drop_nulls("log_return").sample(60, seed=1)
    for row in joined.iter_rows(named=True):
        members = Distribution(np.array(row["quantiles"])).quantile((np.arange(4000) + 0.5) / 4000)
        assert row["crps_bps"] == pytest.approx(sr.crps_ensemble(row["log_return"], members, estimator="nrg") * 1e4, rel=2e-3)
        assert row["covered_80"] == (row["quantiles"][12] <= row["log_return"] <= row["quantiles"][92])
    assert LEVELS[[12, 92]].tolist() == [0.1, 0.9]
    assert json.loads((exported / "run.json").read_text())["levels"] == LEVELS.tolist()


def test_the_documented_example_scores_an_export_as_we_do(exported: Path):
    example = ROOT / "docs" / "examples" / "score_export.py"
    code = example.read_text().split("\n\n", 2)[2].strip()
    assert code in (ROOT / "docs" / "backtest.md").read_text()
    printed = subprocess.run([sys.executable, str(example), str(exported)], capture_output=True, text=True, check=True).stdout
    theirs = {(model, int(h)): (int(n), float(crps)) for model, h, n, crps in map(str.split, printed.splitlines())}
    scores = pl.read_parquet(exported / "scores" / "*.parquet").drop_nulls("crps_bps")
    means = scores.group_by("model", "horizon_s").agg(pl.len(), pl.col("crps_bps").mean())
    ours = {(model, h): (n, crps) for model, h, n, crps in means.iter_rows()}
    assert theirs.keys() == ours.keys()
    for key, (n, crps) in ours.items():
        assert theirs[key] == (n, pytest.approx(crps, rel=2e-3))


def test_exported_paths_have_the_exported_scores(exported: Path):
    realised = pl.read_parquet(exported / "path_outcomes.parquet")
    scores = pl.read_parquet(exported / "path_scores" / "*.parquet").filter(pl.col("model") == "toy:Gaussian")
    paths = pl.read_parquet(exported / "paths" / "*.parquet").filter(pl.col("model") == "toy:Gaussian")
    assert paths.height == 287 * 40
    for row in scores.sample(3, seed=2).iter_rows(named=True):
        members = paths.filter(pl.col("as_of") == row["as_of"])["prices"].to_numpy().astype(float)
        prices = realised.filter(pl.col("as_of") == row["as_of"]).sort("step")["price"].to_numpy()
        changes = np.diff(members[:, ::36]) / members[:, :-1:36] * 1e4
        outcomes = np.diff(prices[::36]) / prices[:-1:36] * 1e4
        slow = sum(sr.crps_ensemble(y, changes[:, j], estimator="nrg") for j, y in enumerate(outcomes) if np.isfinite(y))
        assert row["three_hours"] == pytest.approx(slow, rel=1e-5)


def test_a_killed_run_goes_on_to_the_identical_result(exported: Path, candle_file: Path, tmp_path: Path):
    arguments = command(candle_file, *WHOLE, "--export", str(tmp_path / "out"))
    process = subprocess.Popen(arguments, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    done = tmp_path / "out" / "pieces"
    until = time.monotonic() + 100
    # Polled, because the moment to strike is in the middle of the work, whatever the machine's speed.
    while process.poll() is None and len(list(done.glob("*.json"))) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    n_done = len(list(done.glob("*.json")))
    assert 3 <= n_done < 12
    assert not (tmp_path / "out" / "leaderboard.json").exists()
    again = run(tmp_path, arguments)
    assert again.returncode == 0, again.stderr
    assert f"Going on: {n_done} of 12 pieces are done." in again.stderr
    assert digests(tmp_path / "out") == digests(exported)


def test_two_processes_do_what_one_does(exported: Path, candle_file: Path, tmp_path: Path):
    run_json(tmp_path, command(candle_file, *WHOLE, "--export", str(tmp_path / "out"), "--jobs", "2"))
    assert digests(tmp_path / "out") == digests(exported)


def test_another_question_does_not_go_on_where_this_one_stopped(exported: Path, candle_file: Path, tmp_path: Path):
    other = run(tmp_path, command(candle_file, *WHOLE, "--seed", "7", "--export", str(exported)))
    assert other.returncode == 2
    assert "it differs in seed" in other.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    foreign = run(tmp_path, command(candle_file, "--horizons", "1h", "--export", str(tmp_path / "mine"), "--restart"))
    assert foreign.returncode == 2
    assert "holds no backtest" in foreign.stderr
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "dear"


def test_without_an_export_a_table_is_printed_and_nothing_is_left(candle_file: Path, tmp_path: Path):
    done = run(tmp_path, command(candle_file, "--horizons", "1h", "--train-until", "2025-01-04", "--baselines", "toy:Wide"))
    assert done.returncode == 0, done.stderr
    assert "toy:Gaussian" in done.stdout
    assert "÷ toy:Wide" in done.stdout
    # Its interval lies below one, but over three blocks.
    figures = done.stdout.partition("÷: mean score")[0]
    assert "○ 0." in figures
    assert "too few" in figures
    assert "✓" not in figures
    assert "Skipped: 1 instants" in done.stderr
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--models", "astrology"], "no model “astrology”"),
        (["--from", "2025-02-01"], "begin before it ends"),
        (["--from", "2026-02-01", "--to", "2026-03-01"], "the candles cover 2025-01-01T00:05:00Z to 2025-01-31T00:00:00Z"),
        (["--from", "2025-01-01T01:00:00Z"], "at least 100 candles"),
        (["--candles", "nowhere.parquet"], "nowhere.parquet"),
        (["--baselines", "garch"], "must be among --models"),
        (["--every", "soon"], "not a span"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(change: list[str], says: str, candle_file: Path, tmp_path: Path):
    done = run(tmp_path, [*command(candle_file), *change])
    assert done.returncode == 2, done.stderr
    assert says in done.stderr.replace("\n", " ")
    assert not (tmp_path / "cache").exists()
