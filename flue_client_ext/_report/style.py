"""The style of the page, and the policy that lets a browser use this style and nothing else."""

from __future__ import annotations

import base64
import hashlib

DEEPEST = 12
"""The depth from which on rows are indented no further."""

_LIGHT = """
--page: #ffffff; --panel: #f3f5f7; --ink: #1b1f24; --muted: #545c66; --line: #d5dae0;
--bad: #b3261e; --good: #1a6b36; --wait: #7a5200;
--operation: #2f6fde; --turn: #7b4fd0; --tool: #c77700; --task: #1f8a4c; --other: #7d8793;
"""
_DARK = """
--page: #14171b; --panel: #1e2328; --ink: #e7e9ec; --muted: #a6afb9; --line: #3a424b;
--bad: #ff8f85; --good: #7fd49b; --wait: #f0c060;
--operation: #6ea2ff; --turn: #b191ff; --tool: #ffb347; --task: #5fcf8b; --other: #98a2ae;
"""
_RULES = """
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem; max-width: 78rem; background: var(--page);
  color: var(--ink); overflow-wrap: anywhere;
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; } h2 { margin: 1.75rem 0 .5rem; font-size: 1.1rem; }
h3 { margin: .75rem 0 .25rem; font-size: .8rem; font-weight: 600; color: var(--muted); }
p { margin: 0; } .note, .gap, footer, .kind { color: var(--muted); } .note { margin: .5rem 0; }
.status { font-size: .8rem; font-weight: 600; color: var(--muted); white-space: nowrap; }
h1 .status { font-size: 1rem; }
.status.failed, .status.aborted { color: var(--bad); } .status.completed { color: var(--good); }
.status.running, .status.unfinished { color: var(--wait); }
dl { display: flex; flex-wrap: wrap; gap: .1rem 1.5rem; margin: 0; font-size: .9rem; }
dl div { display: flex; flex-wrap: wrap; gap: 0 .4rem; min-width: 0; }
dt { color: var(--muted); } dd { margin: 0; min-width: 0; }
pre { margin: 0; padding: .6rem .75rem; max-height: 30rem; overflow: auto; background: var(--panel);
  border-left: 3px solid var(--line); white-space: pre-wrap; font: inherit; tab-size: 2; }
pre.data { font: .85rem/1.4 ui-monospace, Menlo, Consolas, monospace; }
pre.error { border-color: var(--bad); font: .85rem/1.4 ui-monospace, Menlo, Consolas, monospace; }
ol { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
li { border-bottom: 1px solid var(--line); }
.line { display: grid; grid-template-columns: minmax(0, 22rem) minmax(0, 1fr) 5.5rem 11.5rem;
  gap: 0 .75rem; align-items: center; padding: .35rem 0; }
summary { cursor: pointer; } summary:hover { background: var(--panel); }
.untimed .line { grid-template-columns: minmax(0, 1fr) 5.5rem 11.5rem; }
.what { min-width: 0; } .label { font-size: .8rem; color: var(--muted); }
.label::before { content: ""; display: inline-block; width: .6rem; height: .6rem;
  margin-right: .4rem; border-radius: 2px; background: var(--color); }
summary .label::after { content: " \\25B8"; } [open] > summary .label::after { content: " \\25BE"; }
.took, .used { text-align: right; font-size: .85rem; font-variant-numeric: tabular-nums; }
.used { color: var(--muted); }
.bar { display: block; width: 100%; height: .7rem; background: var(--panel); fill: var(--color); }
.bar .implied { opacity: .45; }
.scale { display: flex; justify-content: space-between; color: var(--muted); font-size: .75rem;
  margin-left: 22.75rem; margin-right: 18.5rem; }
.more { padding: 0 0 .75rem; } .gap { padding: .35rem 0; font-style: italic; }
.preview { color: var(--muted); } [open] > summary .preview { display: none; }
.row { --color: var(--other); } .operation, .submission { --color: var(--operation); }
.turn, .message { --color: var(--turn); } .tool { --color: var(--tool); }
.task { --color: var(--task); } .row.failed { --color: var(--bad); }
footer { margin-top: 2rem; font-size: .8rem; }
@media (max-width: 48rem) {
  body { padding: .75rem; } .scale { margin: 0; }
  .line, .untimed .line { grid-template-columns: minmax(0, 1fr) auto; }
  .line .bar { grid-row: 2; grid-column: 1 / -1; margin: .2rem 0; }
  .line .used { grid-row: 3; grid-column: 1 / -1; text-align: left; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 11px; } pre { max-height: none; }
  .line { break-inside: avoid; } h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def _indents(step: float) -> str:
    rule = ".d{0} .what, .d{0} .more, .d{0}.gap {{ padding-left: {1:.2f}rem; }}\n"
    return "".join(rule.format(depth, depth * step) for depth in range(1, DEEPEST + 1))


STYLE = (
    f":root {{ color-scheme: light dark; {_LIGHT} }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}\n"
    f"{_RULES}{_indents(1.1)}@media (max-width: 48rem) {{\n{_indents(0.5)}}}\n"
)


def policy(style: str = STYLE) -> str:
    """Return a content security policy: this style, no script, no request, no form."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
