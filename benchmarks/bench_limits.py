"""Every limit of the project's promise, measured: what was promised, what was reached, and whether it is met.

`python benchmarks/bench_limits.py [--year 2025] [--data ../shared/data] [--folder var/limits] [--no-calendar]` walks the champion, the fallback,
our GARCH, a plain GARCH and constant volatility through the year with monthly refits, by the command that everybody has, and computes the
table from the files that this command exported: `btcforecast backtest` writes what docs/backtest.md describes, and whoever doubts the table
can compute it anew from those files with code of their own. Stopped runs go on where they were. Ends with 1 where a limit is missed.

Denominators: `plain_garch:PlainGarch` is GARCH(1,1)-t as `arch` makes it (benchmarks/plain_garch.py); `garch` is ours, with laws refitted around
three processes, and harder to beat. The limits are about the first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from btcforecast.core import Floats
from btcforecast.engine.backtest import ratio, variance_losses

HERE = Path(__file__).parent
CHAMPION, FALLBACK, OURS, PLAIN, CONSTANT = "multiscale", "day_paths", "garch", "plain_garch:PlainGarch", "random_walk"
MODELS = (CHAMPION, FALLBACK, OURS, PLAIN, CONSTANT)
HOUR, DAY = 3600, 86400
COVERAGES = (50, 80, 90, 95)


@dataclass(frozen=True)
class Row:
    """One line of the table. is_met: None where nothing was promised."""

    what: str
    limit: str
    reached: str
    interval: str
    n: int | None
    is_met: bool | None


# One core means one thread, also for BLAS, in all that is measured.
ENVIRONMENT = os.environ | {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH")))),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--year", type=int, default=2025)
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    parser.add_argument("--folder", type=Path, default=HERE.parent / "var" / "limits")
    parser.add_argument("--no-calendar", action="store_true", help="leave the scheduled events of us_events.csv out")
    options = parser.parse_args()
    file = options.data / "binance_BTCUSDT_5m.parquet"
    if not file.is_file():
        print(f"No limits are measured: there are no real candles at {file}.")
        return
    folder = options.folder / str(options.year)
    calendar = None if options.no_calendar else HERE / "us_events.csv"
    walks = run(file, folder, year=options.year, calendar=calendar)
    rows = [*scores(walks, options.year), *coverage(walks, options.year), *machine(file, folder)]
    show(rows, options.year, folder)
    sys.exit(any(row.is_met is False for row in rows))


def run(file: Path, folder: Path, *, year: int, calendar: Path | None) -> dict[str, Path]:
    """Walk through the year three times: hourly and the year before with it, daily, and with paths every two hours."""
    this, following = f"{year}-01-01", f"{year + 1}-01-01"
    plans = {
        "hourly": (f"{year - 1}-01-01", "1h", "1h,4h,24h", ()),
        "daily": (this, "24h", "3d,7d,30d", ()),
        "paths": (this, "2h", "24h", ("--paths", "--drop-paths", "--seed", "1")),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (since, every, horizons, more) in plans.items():
        models = ",".join(MODELS if name != "paths" else MODELS[:4])
        command = [sys.executable, "-m", "btcforecast", "backtest", "--candles", str(file), "--from", since, "--to", following]
        command += ["--every", every, "--horizons", horizons, "--models", models, "--refit-every", "30d"]
        command += ["--baselines", f"{PLAIN},{OURS},{FALLBACK}", "--export", str(folder / name), *more, "--json"]
        command += [] if calendar is None else ["--calendar", str(calendar)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return {name: folder / name for name in plans}


def scores(walks: dict[str, Path], year: int) -> list[Row]:
    """Return the ratios of scores."""
    rows = []
    paths = pl.read_parquet(walks["paths"] / "path_scores" / "*.parquet").with_columns(
        pl.when(pl.col("n_increments") == 345).then(pl.col("total")).alias("total")
    )
    synth = columns(paths, "total")
    rows.append(compare("Synth 24 h ÷ plain GARCH-t", synth, PLAIN, every_s=2 * HOUR, horizon_s=DAY, at_most=0.973, upper=0.977))
    rows.append(compare("Synth 24 h ÷ our GARCH-t", synth, OURS, every_s=2 * HOUR, horizon_s=DAY))
    rows.append(compare("Synth 24 h ÷ fallback", synth, FALLBACK, every_s=2 * HOUR, horizon_s=DAY, at_most=0.998, upper=1.0))
    limits = {HOUR: (0.980, None), 4 * HOUR: (0.977, None), DAY: (0.985, None)}
    limits |= {3 * DAY: (None, 1.008), 7 * DAY: (None, 1.009), 30 * DAY: (None, None)}
    for horizon_s, (at_most, upper) in limits.items():
        every_s, folder = (HOUR, walks["hourly"]) if horizon_s <= DAY else (DAY, walks["daily"])
        table = of_year(pl.read_parquet(folder / "scores" / "*.parquet"), year).filter(pl.col("horizon_s") == horizon_s)
        crps = columns(table, "crps_bps")
        what = f"CRPS {span(horizon_s)} ÷ "
        rows.append(
            compare(what + "plain GARCH-t", crps, PLAIN, every_s=every_s, horizon_s=horizon_s, at_most=at_most, upper=upper)
        )
        rows.append(compare(what + "our GARCH-t", crps, OURS, every_s=every_s, horizon_s=horizon_s))
        if horizon_s == 30 * DAY:
            rows.append(compare(what + "constant volatility", crps, CONSTANT, every_s=every_s, horizon_s=horizon_s))
    outcomes = pl.read_parquet(walks["hourly"] / "outcomes.parquet").filter(pl.col("horizon_s") == DAY).sort("as_of")
    forecasts = pl.read_parquet(walks["hourly"] / "forecasts" / "*.parquet", columns=["model", "as_of", "horizon_s", "variance"])
    variances = columns(forecasts.filter(pl.col("horizon_s") == DAY), "variance")
    as_of = outcomes["as_of"].dt.epoch("s").to_numpy()
    realised = outcomes["realised_variance"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    in_year = (outcomes["as_of"].dt.year() == year).to_numpy()
    losses = {model: variance_losses(as_of, column, realised, horizon_s=DAY)[in_year] for model, column in variances.items()}
    rows.append(compare("QLIKE 24 h ÷ plain GARCH-t", losses, PLAIN, every_s=HOUR, horizon_s=DAY, at_most=0.65))
    rows.append(compare("QLIKE 24 h ÷ our GARCH-t", losses, OURS, every_s=HOUR, horizon_s=DAY))
    return rows


def coverage(walks: dict[str, Path], year: int) -> list[Row]:
    """Return how often the champion's intervals held, over all and by volatility, and those of its paths."""
    rows = []
    table = of_year(pl.read_parquet(walks["hourly"] / "scores" / "*.parquet"), year).filter(pl.col("model") == CHAMPION)
    third = pl.read_parquet(walks["hourly"] / "origins.parquet", columns=["as_of", "volatility_tercile"])
    table = table.join(third, on="as_of")
    for horizon_s, slack, tercile_slack in ((HOUR, 1, 3), (4 * HOUR, 1, 3), (DAY, 2, 5)):
        part = table.filter(pl.col("horizon_s") == horizon_s)
        rows += [
            held(f"coverage {percent} % at {span(horizon_s)}", part[f"covered_{percent}"], percent, slack)
            for percent in COVERAGES
        ]
        rows += [
            held(
                f"coverage 90 % at {span(horizon_s)}, {name}",
                part.filter(pl.col("volatility_tercile") == i)["covered_90"],
                90,
                tercile_slack,
            )
            for i, name in enumerate(("calm", "middle", "lively"))
        ]
    pits = pl.read_parquet(walks["paths"] / "path_scores" / "*.parquet").filter(pl.col("model") == CHAMPION)
    for minutes in (5, 30, 60, 180):
        pit = pits[f"pit_{minutes}m"].drop_nulls()
        rows += [
            held(f"coverage {percent} % of paths at {span(60 * minutes)}", (pit - 0.5).abs() <= percent / 200, percent, 1)
            for percent in COVERAGES
        ]
    return rows


def machine(file: Path, folder: Path) -> list[Row]:
    """Return what fitting and issuing take, each in a process of its own."""
    found = {}
    for part in ("fit", "serve"):
        command = [sys.executable, str(HERE / "limits_machine.py"), part, str(file), str(folder / "state.npz")]
        found |= json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout)
    return [
        most("issue: all horizons and 1,000 × 288 paths", found["issue_ms"], 10, "ms"),
        most("the same, best of 200", found["issue_best_ms"], None, "ms"),
        most("for comparison: drawing 288,000 normal numbers", found["floor_ms"], None, "ms"),
        most("state update per candle, one by one", found["update_us"], 50, "µs"),
        most("state update per candle, a day at once", found["update_bulk_us"], None, "µs"),
        most(f"fit on {found['years']:.1f} years, from raw candles", found["fit_s"], 10, "s"),
        most("resident memory, reading and fitting, peak", found["fit_mb"], 500, "MB"),
        most("resident memory, serving, peak", found["serve_mb"], 500, "MB"),
        most("paths with their exact Synth score, a prompt", found["prompt_ms"], None, "ms"),
        most("of it the score", found["score_ms"], 3, "ms"),
    ]


def compare(
    what: str,
    columns: dict[str, Floats],
    baseline: str,
    *,
    every_s: int,
    horizon_s: int,
    at_most: float | None = None,
    upper: float | None = None,
) -> Row:
    """Return the champion's mean score over the baseline's, on what all models were scored on."""
    common = np.all(np.isfinite(np.vstack(list(columns.values()))), axis=0)
    found = ratio(columns[CHAMPION][common], columns[baseline][common], every_s=every_s, horizon_s=horizon_s)
    limit = "; ".join(
        text for text, there in ((f"{at_most}", at_most is not None), (f"upper {upper}", upper is not None)) if there
    )
    checks = [found.value <= at_most] if at_most is not None else []
    checks += [found.high is not None and found.high <= upper] if upper is not None else []
    interval = "too few" if found.low is None or found.high is None else f"{found.low:.4f} to {found.high:.4f}"
    return Row(what, limit or "reported", f"{found.value:.4f}", interval, int(common.sum()), all(checks) if checks else None)


def held(what: str, covered: pl.Series, percent: int, slack: float) -> Row:
    found = covered.drop_nulls()
    share = 100 * float(found.mean())  # type: ignore[arg-type]  # the mean of a column of booleans is a number
    return Row(what, f"{percent} ± {slack} %", f"{share:.2f} %", "", len(found), abs(share - percent) <= slack)


def most(what: str, value: float, limit: float | None, unit: str) -> Row:
    return Row(
        what,
        "reported" if limit is None else f"{limit} {unit}",
        f"{value:.3g} {unit}",
        "",
        None,
        None if limit is None else value <= limit,
    )


def columns(table: pl.DataFrame, name: str) -> dict[str, Floats]:
    """Return one column for each model, in order of time, NaN where there is no value."""
    return {
        str(model): part.sort("as_of")[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for (model,), part in table.group_by("model", maintain_order=True)
    }


def of_year(table: pl.DataFrame, year: int) -> pl.DataFrame:
    return table.filter(pl.col("as_of").dt.year() == year)


def span(seconds: int) -> str:
    return f"{seconds // DAY} d" if seconds > DAY else f"{seconds // HOUR} h" if seconds >= HOUR else f"{seconds // 60} min"


def show(rows: list[Row], year: int, folder: Path) -> None:
    """Print the table and leave it in the folder."""
    words = {True: "met", False: "MISSED", None: ""}
    cells = [["what", "limit", "reached", "95 % interval", "n", ""]]
    cells += [
        [row.what, row.limit, row.reached, row.interval, "" if row.n is None else f"{row.n:,}", words[row.is_met]] for row in rows
    ]
    widths = [max(len(line[i]) for line in cells) for i in range(6)]
    text = "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    )
    head, _, rest = text.partition("\n")
    table = f"{head}\n|{'|'.join('-' * (width + 2) for width in widths)}|\n{rest}\n"
    (folder / "limits.md").write_text(f"# Limits, {year}\n\n{table}")
    (folder / "limits.json").write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    print(f"Limits, measured over {year}; everything to compute them anew is in {folder}\n\n{table}")
    judged = [row.is_met for row in rows if row.is_met is not None]
    print(f"{sum(judged)} of {len(judged)} limits met.")


if __name__ == "__main__":
    main()
