"""The report's charts as inline SVG; colours come from the page's style, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from btcforecast.engine.backtest import Ratio

KINDS: Final = {"better": "good", "worse": "bad", "unproven": "open", "too_few": "open"}
"""The style's class for each verdict."""
_WIDTH: Final = 640


def histogram(counts: Sequence[int], *, label: str) -> str:
    """Return bars of equal width and a line at the height that all would have if they were alike."""
    total = max(sum(counts), 1)
    even = total / len(counts)
    top = max(*counts, 2 * even)
    width, height = 260, 96
    step = width / len(counts)
    bars = "".join(
        f'<rect x="{i * step + 1:.1f}" y="{height - height * count / top:.1f}" width="{step - 2:.1f}" height="{height * count / top:.1f}"/>'
        for i, count in enumerate(counts)
    )
    level = height - height * even / top
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 -2 {width} {height + 18}" class="histogram">'
        f'<g class="bar">{bars}</g><line class="expected" x1="0" x2="{width}" y1="{level:.1f}" y2="{level:.1f}"/>'
        f'<text x="0" y="{height + 13}">0</text><text x="{width}" y="{height + 13}" text-anchor="end">1</text></svg>'
    )


def lines(series: Mapping[str, Mapping[str, float]], *, label: str) -> str:
    """Return one line for each model over periods, in percent, with zero marked; models are told apart by colour and by dashes."""
    periods = sorted({period for values in series.values() for period in values})
    largest = max((abs(value) for values in series.values() for value in values.values()), default=0.01)
    top = _round_up(100 * largest)
    left, right, height = 46, 8, 200
    width = _WIDTH - left - right

    def x(period: str) -> float:
        return left + width * (periods.index(period) + 0.5) / len(periods)

    def y(percent: float) -> float:
        return height / 2 - percent / top * height / 2

    parts = []
    for percent in (-top, -top / 2, 0.0, top / 2, top):
        kind = "zero" if percent == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{left}" x2="{_WIDTH - right}" y1="{y(percent):.1f}" y2="{y(percent):.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{y(percent) + 4:.1f}" text-anchor="end">{_signed(percent)} %</text>')
    every = -(-len(periods) // 7)
    parts += [
        f'<text x="{x(period):.1f}" y="{height + 20}" text-anchor="middle">{escape(period)}</text>' for period in periods[::every]
    ]
    for number, (_, values) in enumerate(series.items()):
        points = [(x(period), y(100 * values[period])) for period in periods if period in values]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        dots = "".join(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.5"/>' for px, py in points)
        parts.append(f'<g class="line c{number % 6}"><polyline points="{path}"/>{dots}</g>')
    chart = f'<svg role="img" aria-label="{escape(label)}" viewBox="0 -10 {_WIDTH} {height + 36}" class="lines">{"".join(parts)}</svg>'
    keys = "".join(
        f'<li class="c{i % 6}"><svg viewBox="0 0 26 8" aria-hidden="true"><line x1="0" x2="26" y1="4" y2="4"/></svg>{escape(name)}</li>'
        for i, name in enumerate(series)
    )
    return chart + f'<ul class="keys">{keys}</ul>'


def intervals(rows: Sequence[tuple[str, Mapping[str, Ratio]]], *, label: str) -> str:
    """Return ratios with their intervals as dots and bars, one row for each, with one marked."""
    flat = [(title, name, ratio) for title, ratios in rows for name, ratio in ratios.items()]
    ends = [end for _, _, ratio in flat for end in (ratio.value, ratio.low, ratio.high) if end is not None]
    low, high = min([*ends, 0.99]), max([*ends, 1.01])
    margin = 0.04 * (high - low)
    low, high = low - margin, high + margin
    left, right, row_height = 176, 10, 20
    width, height = _WIDTH - left - right, row_height * len(flat)

    def x(value: float) -> float:
        return left + width * (value - low) / (high - low)

    parts = [f'<line class="zero" x1="{x(1):.1f}" x2="{x(1):.1f}" y1="0" y2="{height}"/>']
    parts += [f'<text x="{x(tick):.1f}" y="{height + 16}" text-anchor="middle">{tick:.2f}</text>' for tick in _ticks(low, high)]
    for i, (title, name, ratio) in enumerate(flat):
        y = row_height * (i + 0.5)
        parts.append(f'<text x="0" y="{y + 4:.1f}">{escape(title)} ÷ {escape(name)}</text>')
        kind = KINDS[ratio.verdict]
        if ratio.low is not None and ratio.high is not None:
            parts.append(
                f'<line class="span {kind}" x1="{x(ratio.low):.1f}" x2="{x(ratio.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            )
        parts.append(f'<circle class="dot {kind}" cx="{x(ratio.value):.1f}" cy="{y:.1f}" r="4"/>')
    return f'<svg role="img" aria-label="{escape(label)}" viewBox="0 -4 {_WIDTH} {height + 26}" class="intervals">{"".join(parts)}</svg>'


def _round_up(value: float) -> float:
    for step in (1, 2, 4, 6, 10, 20, 40, 60, 100):
        if value <= step:
            return float(step)
    return float(-(-value // 100) * 100)


def _ticks(low: float, high: float) -> list[float]:
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 1e9) if (high - low) / step <= 7)
    first = int(low / step) + 1
    return [round(i * step, 6) for i in range(first, int(high / step) + 1)]


def _signed(percent: float) -> str:
    return f"{percent:+g}".replace("-", "−") if percent else "0"
