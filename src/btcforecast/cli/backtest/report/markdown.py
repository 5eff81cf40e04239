"""The report as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from btcforecast.cli.backtest.report import words
from btcforecast.cli.backtest.report.contents import N_BINS, Report, Section
from btcforecast.engine.scoring import COVERAGES


def markdown(report: Report) -> str:
    """Return the report as Markdown."""
    rows = [f"# {words.title(report)}", "", *(f"- {sentence}" for sentence in words.HOW_TO_READ), ""]
    for section in report.sections:
        rows += [f"## {section.title}", "", *_section(report, section)]
    if report.variances:
        rows += ["## Variance of the day ahead", "", words.VARIANCE_NOTE, "", *_variances(report)]
    rows += ["## What was done", "", "| | |", "|---|---|"]
    rows += [f"| {name} | `{value}` |" for name, value in words.facts(report)]
    return "\n".join(rows) + "\n"


def _section(report: Report, section: Section) -> Iterator[str]:
    if not section.places:
        yield from ("No outcome in the file yet.", "")
        return
    held = [f"held by {percent} %" for percent in COVERAGES] if section.places[0].coverage else []
    yield f"{section.places[0].n:,} forecasts."
    yield ""
    heads = ["model", section.unit, *(f"÷ {name}" for name in report.baselines), "set", *held]
    rows = []
    for place in section.places:
        ratios = [words.ratio_text(place.ratios.get(name)) for name in report.baselines]
        standing = words.confidence_text(section.confidence, place.model)
        rows.append([place.model, words.number(place.score_bps, 2), *ratios, standing, *words.coverage_cells(place)])
    yield from _table(heads, rows)
    if section.by_tercile:
        yield from ("**90 % interval by volatility.** " + words.TERCILE_NOTE, "")
        rows = [[model, *(f"{words.number(held)} (n {n:,})" for held, n in cells)] for model, cells in section.by_tercile.items()]
        yield from _table(["model", *words.TERCILES], rows)
    if section.lead_coverage:
        yield from ("**Coverage along the paths.** " + words.LEAD_NOTE, "")
        rows = [
            [model, f"{minutes} min", *(words.number(by_percent[percent]) for percent in COVERAGES)]
            for model, by_lead in section.lead_coverage.items()
            for minutes, by_percent in by_lead.items()
        ]
        yield from _table(["model", "after", *(f"{percent} %" for percent in COVERAGES)], rows)
    if section.pit:
        yield from ("**PIT.** " + words.PIT_NOTE + " In percent.", "")
        rows = [
            [model, *(f"{100 * count / max(sum(counts), 1):.1f}" for count in counts)] for model, counts in section.pit.items()
        ]
        yield from _table(["model", *(f"{(i + 1) / N_BINS:g}" for i in range(N_BINS))], rows)
    if section.skill:
        yield from ("**Skill over time.** " + words.SKILL_NOTE.format(reference=report.reference), "")
        months = sorted({month for by_month in section.skill.values() for month in by_month})
        rows = [
            [
                month,
                *(
                    words.number(100 * by_month[month], 2) + " %" if month in by_month else ""
                    for by_month in section.skill.values()
                ),
            ]
            for month in months
        ]
        yield from _table(["month", *section.skill], rows)
    yield from ("**Worst days.** " + words.WORST_NOTE.format(subject=report.subject), "")
    rows = [
        [worst.day, f"{100 * worst.largest_return:+.1f} %", *(words.number(worst.scores[model]) for model in report.models)]
        for worst in section.worst
    ]
    yield from _table(["day", "largest return", *report.models], rows)


def _variances(report: Report) -> Iterator[str]:
    rows = [
        [
            row.model,
            f"{row.n:,}",
            words.number(row.qlike, 4),
            *(words.ratio_text(row.ratios.get(name)) for name in report.baselines),
        ]
        for row in report.variances
    ]
    yield from _table(["model", "n", "QLIKE", *(f"÷ {name}" for name in report.baselines)], rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]
