"""The report's style: light and dark, narrow and wide, screen and paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --back: #fff; --line: #d6dbe1; --card: #f6f8fa;
  --c0: #0b57c2; --c1: #b3400a; --c2: #1a7f37; --c3: #8250df; --c4: #9a6700; --c5: #57606a; --good: #1a7f37; --bad: #c5221f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #a3adb8; --back: #0d1117; --line: #39414b; --card: #161b22;
  --c0: #6cb0ff; --c1: #ffa168; --c2: #56d364; --c3: #d2a8ff; --c4: #e3b341; --c5: #b1bac4; --good: #56d364; --bad: #ff7b72; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 68rem; padding: 1.25rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back) }
h1 { font-size: 1.6rem; line-height: 1.25 } h2 { margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem; font-size: 1.3rem }
h3 { margin: 1.5rem 0 .25rem; font-size: 1rem }
p, ul { max-width: 46rem } .soft, caption { color: var(--soft) } p.soft { margin: .25rem 0 .5rem; font-size: .9rem }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem 1rem; max-width: none }
a { color: var(--c0) } a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px }
.scroll { overflow-x: auto; margin: .5rem 0 }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums }
caption { text-align: left; padding: .25rem 0 }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; vertical-align: top }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--back) }
thead th { border-bottom: 2px solid var(--line); color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom }
td small { display: block; color: var(--soft) } .good { color: var(--good) } .bad { color: var(--bad) }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .3rem 1rem; font-size: .9rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .85rem }
svg { display: block; width: 100%; height: auto } svg text { fill: var(--soft); font: 12px system-ui, sans-serif }
.lines, .intervals { min-width: 34rem; max-width: 46rem } .grid { stroke: var(--line); stroke-width: 1 } .zero { stroke: var(--soft); stroke-width: 1.2 }
.histograms { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; margin: .5rem 0 }
figure { margin: 0 } figcaption { font-size: .875rem } .bar rect { fill: var(--c0) } .expected { stroke: var(--c1); stroke-width: 1.5 }
.line polyline { fill: none; stroke-width: 2 } .line circle { stroke: none }
.c0 { --c: var(--c0) } .c1 { --c: var(--c1) } .c2 { --c: var(--c2) } .c3 { --c: var(--c3) } .c4 { --c: var(--c4) } .c5 { --c: var(--c5) }
.line polyline, .keys line { stroke: var(--c) } .line circle { fill: var(--c) } .keys line { stroke-width: 3 }
.c1 polyline, .c1 line { stroke-dasharray: 7 3 } .c2 polyline, .c2 line { stroke-dasharray: 2 3 }
.c3 polyline, .c3 line { stroke-dasharray: 9 3 2 3 } .c4 polyline, .c4 line { stroke-dasharray: 4 2 } .c5 polyline, .c5 line { stroke-dasharray: 1 2 }
.keys { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem }
.keys li { display: flex; align-items: center; gap: .5rem } .keys svg { width: 26px; height: 8px }
.span { stroke-width: 3 } .span.good { stroke: var(--good) } .span.bad { stroke: var(--bad) } .span.open { stroke: var(--soft) }
.dot.good { fill: var(--good) } .dot.bad { fill: var(--bad) } .dot.open { fill: var(--back); stroke: var(--soft); stroke-width: 2 }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr } dt { margin-top: .4rem } }
@media print { :root { --ink: #000; --soft: #444; --back: #fff; --line: #bbb; --c0: #0b57c2; --c1: #b3400a; --c2: #1a7f37; --c3: #8250df; --c4: #9a6700; --c5: #57606a;
  --good: #1a7f37; --bad: #c5221f } body { max-width: none; padding: 0; font-size: 10pt } nav { display: none } .scroll { overflow: visible }
  .lines, .intervals { min-width: 0 } table { font-size: 7.5pt } th, td { padding: 2pt 4pt } figure, tr, svg { break-inside: avoid } h2, h3 { break-after: avoid } }
"""
