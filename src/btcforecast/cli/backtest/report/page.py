"""The report as one HTML file that fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from btcforecast.cli.backtest.report import svg, words
from btcforecast.cli.backtest.report.contents import Report, Section
from btcforecast.cli.backtest.report.style import STYLE
from btcforecast.engine.backtest import Ratio
from btcforecast.engine.scoring import COVERAGES

_MARKS: Final = {"good": "✓", "bad": "✗", "open": "○"}


def page(report: Report) -> str:
    """Return the report as HTML."""
    title = escape(words.title(report))
    body = [f"<h1>{title}</h1>", *_overview(report)]
    for number, section in enumerate(report.sections):
        body += [f'<section id="s{number}"><h2>{escape(section.title)}</h2>', *_section(report, section), "</section>"]
    if report.variances:
        body += ['<section id="variance"><h2>Variance of the day ahead</h2>', *_variances(report), "</section>"]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in words.facts(report))
    body.append(f'<section id="done"><h2>What was done</h2><dl>{facts}</dl></section>')
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n" + "\n".join(body) + "\n</main></body></html>\n"
    )


def _overview(report: Report) -> Iterator[str]:
    links = [(f"s{number}", section.title) for number, section in enumerate(report.sections)]
    links += [("variance", "Variance")] if report.variances else []
    items = "".join(f'<li><a href="#{where}">{escape(name)}</a></li>' for where, name in [*links, ("done", "What was done")])
    yield f'<nav aria-label="Contents"><ul>{items}</ul></nav>'
    yield "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in words.HOW_TO_READ) + "</ul>"
    rows = [
        (section.title.removesuffix(" ahead"), place.ratios)
        for section in report.sections
        for place in section.places
        if place.model == report.subject and place.ratios
    ]
    if rows:
        yield f"<h3>{escape(report.subject)} against the baselines</h3>"
        yield '<p class="soft">Mean score over the baseline’s with its 95 % interval; left of the line is better.</p>'
        label = f"Ratios of {report.subject} to the baselines, as in the tables below"
        yield _scrolling(svg.intervals(rows, label=label), label=label)


def _section(report: Report, section: Section) -> Iterator[str]:
    if not section.places:
        yield "<p>No outcome in the file yet.</p>"
        return
    held = [f"Held by {percent} %" for percent in COVERAGES] if section.places[0].coverage else []
    heads = ["Model", section.unit, *(f"÷ {name}" for name in report.baselines), "Set", *held]
    rows = []
    for place in section.places:
        ratios = [_ratio(place.ratios.get(name)) for name in report.baselines]
        standing = escape(words.confidence_text(section.confidence, place.model))
        rows.append([escape(place.model), words.number(place.score_bps, 2), *ratios, standing, *words.coverage_cells(place)])
    yield _table(heads, rows, caption=f"{section.places[0].n:,} forecasts", label=f"Leaderboard, {section.title}")
    if section.by_tercile:
        yield f'<h3>90 % interval by volatility</h3><p class="soft">{words.TERCILE_NOTE}</p>'
        rows = [
            [escape(model), *(f"{words.number(share)}<small>n {n:,}</small>" for share, n in cells)]
            for model, cells in section.by_tercile.items()
        ]
        yield _table(["Model", *words.TERCILES], rows, label=f"Coverage by volatility, {section.title}")
    if section.lead_coverage:
        yield f'<h3>Coverage along the paths</h3><p class="soft">{words.LEAD_NOTE}</p>'
        rows = [
            [escape(model), f"{minutes} min", *(words.number(by_percent[percent]) for percent in COVERAGES)]
            for model, by_lead in section.lead_coverage.items()
            for minutes, by_percent in by_lead.items()
        ]
        yield _table(["Model", "After", *(f"{percent} %" for percent in COVERAGES)], rows, label="Coverage along the paths")
    if section.pit:
        yield f'<h3>PIT</h3><p class="soft">{words.PIT_NOTE}</p><div class="histograms">'
        for model, counts in section.pit.items():
            label = f"PIT of {model}, {section.title}: fullest bin {max(counts):,}, emptiest {min(counts):,} of {sum(counts):,}"
            yield f"<figure>{svg.histogram(counts, label=label)}<figcaption>{escape(model)}</figcaption></figure>"
        yield "</div>"
    if section.skill:
        yield f'<h3>Skill over time</h3><p class="soft">{escape(words.SKILL_NOTE.format(reference=report.reference))}</p>'
        label = f"Skill by month against {report.reference}, {section.title}"
        yield _scrolling(svg.lines(section.skill, label=label), label=label)
    yield f'<h3>Worst days</h3><p class="soft">{escape(words.WORST_NOTE.format(subject=report.subject))}</p>'
    rows = [
        [
            worst.day,
            f"{100 * worst.largest_return:+.1f} %".replace("-", "−"),
            *(words.number(worst.scores[model]) for model in report.models),
        ]
        for worst in section.worst
    ]
    yield _table(["Day", "Largest return", *map(escape, report.models)], rows, label=f"Worst days, {section.title}")


def _variances(report: Report) -> Iterator[str]:
    yield f'<p class="soft">{words.VARIANCE_NOTE}</p>'
    rows = [
        [
            escape(row.model),
            f"{row.n:,}",
            words.number(row.qlike, 4),
            *(_ratio(row.ratios.get(name)) for name in report.baselines),
        ]
        for row in report.variances
    ]
    yield _table(["Model", "n", "QLIKE", *(f"÷ {name}" for name in report.baselines)], rows, label="Variance of the day ahead")


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    kind = svg.KINDS[ratio.verdict]
    notes = [] if ratio.low is None or ratio.high is None else [f"{ratio.low:.4f} to {ratio.high:.4f}"]
    notes += [] if ratio.p_value is None else [f"p {escape(words.p_text(ratio.p_value))}"]
    notes += ["too few"] if ratio.verdict == "too_few" else []
    return f'<span class="{kind}">{_MARKS[kind]} {ratio.value:.4f}</span><small>{", ".join(notes)}</small>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, label: str, caption: str = "") -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    lines = "".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows
    )
    name = f"<caption>{caption}</caption>" if caption else ""
    return _scrolling(f"<table>{name}<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>", label=label)


def _scrolling(inner: str, *, label: str) -> str:
    # Focusable, so that a keyboard can scroll what is wider than the screen.
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">{inner}</div>'
