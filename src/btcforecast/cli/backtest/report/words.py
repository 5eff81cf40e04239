"""The sentences and figures that both formats share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from btcforecast.cli.backtest.report.contents import Report
from btcforecast.engine.backtest import Place, Ratio
from btcforecast.engine.scoring import MIN_BLOCKS

LEVEL: Final = 0.1
"""A model belongs to the confidence set when its p-value is at least this."""

HOW_TO_READ: Final = (
    "Every model forecast at the same instants, from what was known then, and was scored on the same outcomes.",
    (
        "A ratio is a mean score over the baseline's on the same forecasts; below one is better. In brackets its 95 % interval, from a "
        "moving-block bootstrap with blocks of a week, or of two horizons where that is longer; p is Diebold and Mariano's, two-sided. "
        f"Fewer than {MIN_BLOCKS} blocks are too few: they prove nothing, whatever the interval, and make no set."
    ),
    (
        "Set: the p-value of the model confidence set (Hansen, Lunde and Nason 2011). The models marked ● make up the set that holds the "
        "best model with 90 % confidence; the others are left out as worse."
    ),
    "Held: how often, in percent, the central interval of that name held the outcome.",
)
TERCILES: Final = ("calm", "middle", "lively")
TERCILE_NOTE: Final = (
    "Volatility is the root of the sum of squared five-minute returns over the 24 h before the forecast. Calm, middle and lively are the "
    "thirds of its hourly values over the year before, all known at the time."
)
PIT_NOTE: Final = "Where outcomes fell in their laws, in twenty bins; right laws fill all bins alike (the line)."
SKILL_NOTE: Final = "1 − mean score ÷ that of {reference}, by month of the forecast; above zero is better."
WORST_NOTE: Final = "The days on which {subject} scored worst, by mean score of the day's forecasts."
VARIANCE_NOTE: Final = (
    "QLIKE of each model's own variance forecast against the sum of squared five-minute returns over the same 24 h. Variances are first "
    "multiplied by the ratio of the model's mean realised to mean forecast variance over the year before, as far as that had closed."
)
LEAD_NOTE: Final = "How often, in percent, the central interval of the paths held the price along the way."


def ratio_text(ratio: Ratio | None) -> str:
    """Return a ratio with its interval and p-value."""
    if ratio is None:
        return ""
    interval = "" if ratio.low is None or ratio.high is None else f" [{ratio.low:.4f}, {ratio.high:.4f}]"
    p = "" if ratio.p_value is None else f" p {p_text(ratio.p_value)}"
    few = " (too few)" if ratio.verdict == "too_few" else ""
    return f"{ratio.value:.4f}{interval}{p}{few}"


def p_text(p: float) -> str:
    """Return a p-value."""
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def confidence_text(confidence: Mapping[str, float], model: str) -> str:
    """Return a model's standing in the confidence set."""
    if model not in confidence:
        return ""
    return f"{'● ' if confidence[model] >= LEVEL else ''}{p_text(confidence[model])}"


def number(value: float | None, digits: int = 1) -> str:
    """Return a figure, or a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}".replace("-", "−")


def coverage_cells(place: Place) -> list[str]:
    """Return how often each interval held."""
    return [number(place.coverage[percent]) for percent in sorted(place.coverage)]


def title(report: Report) -> str:
    """Return the report's title."""
    return f"Backtest of {report.subject}, {str(report.run['from'])[:10]} to {str(report.run['to'])[:10]}"


def facts(report: Report) -> list[tuple[str, str]]:
    """Return what was done and how to do it again, as names and values."""
    run = report.run
    took = ", ".join(f"{model} {spent:.1f} s" for model, spent in sorted(report.seconds.items(), key=lambda item: item[1]))
    return [
        ("Command", report.command),
        (
            "Forecasts",
            f"{report.n_origins:,} instants every {run['every_s'] / 3600:g} h; {report.n_skipped:,} skipped for want of a candle",
        ),
        (
            "Refitted every",
            f"{run['refit_every_s'] / 86400:g} days" if run["train_until"] is None else f"never, fitted {run['train_until']}",
        ),
        ("Trained on", "all candles before" if run["train_from"] is None else f"candles from {run['train_from']}"),
        *(("Warning", warning) for warning in report.warnings),
        ("Seed, paths", f"{run['seed']}, {run['n_paths']:,}"),
        ("Candles, SHA-256", str(run["candles_sha256"])),
        ("Calendar, SHA-256", str(run["calendar_sha256"] or "none")),
        ("Version", f"btcforecast {run['version']}"),
        ("Code of the models", ", ".join(f"{name} {digest}" for name, digest in run["models"].items())),
        ("Fitting and forecasting took", took),
    ]
