"""Writes a row of the page: a line with a bar, and what unfolds below it."""

from __future__ import annotations

from collections.abc import Iterable

from . import wording
from .markup import Markup, element, join
from .selection import Row
from .span import Span

_WIDTH = 1000
_LEAST = 2
"""The length of the time line in the units of the bars, and the least width of a bar."""

Extent = tuple[float, float]


def row(shown: Row, whole: Extent | None) -> Markup:
    """Return a span's line, folded if there is more to see."""
    span = shown.span
    more = join([facts(_details(span, whole)), lines(shown, "h3")])
    bar = () if whole is None else (_bar(span, whole),)
    content = (_what(span), *bar, _took(span), _used(span))
    if not more:
        return element("div", *content, class_="line")
    summary = element("summary", *content, class_="line")
    is_open = "" if span.open or span.status == "failed" else None
    return element("details", summary, element("div", more, class_="more"), open=is_open)


def lines(shown: Row, heading: str) -> Markup:
    """Return the blocks of a span, each under its heading."""
    written: list[str] = []
    for block in shown.blocks:
        if block.label:
            written.append(element(heading, block.label))
        # A parser drops a line break that follows the tag.
        text = Markup("\n"), block.text
        written.append(element("pre", *text, class_=block.form, dir="auto"))
        if block.left_out:
            left_out = f"{block.left_out:,} more characters are left out."
            written.append(element("p", left_out, class_="note"))
    if shown.blocks_left_out:
        left_out = f"{shown.blocks_left_out:,} more parts are left out."
        written.append(element("p", left_out, class_="note"))
    return join(written)


def facts(known: Iterable[tuple[str, str]]) -> Markup:
    """Return names and values on lines that wrap."""
    pairs = [
        element("div", element("dt", name), element("dd", element("bdi", wording.short(value))))
        for name, value in known
    ]
    return element("dl", *pairs) if pairs else Markup()


def _details(span: Span, whole: Extent | None) -> list[tuple[str, str]]:
    known = list(span.facts)
    if span.start is not None and whole is not None:
        after = wording.duration(span.start - whole[0])
        known.append(("started", f"{wording.moment(span.start)}, {after} after the first"))
    if span.usage is not None:
        known.append(("tokens", wording.in_detail(span.usage)))
    return known


def _what(span: Span) -> Markup:
    told = span.open or span.kind in ("text", "reasoning")
    name = element("bdi", wording.short(span.name), class_="preview" if told else None)
    words = wording.STATUS[span.status] if span.status != "completed" else ""
    status = element("span", words, class_=f"status {span.status}")
    label = element("span", element("bdi", wording.short(span.label)), class_="label")
    return element("span", label, " ", name, *((" ", status) if words else ()), class_="what")


def _took(span: Span) -> Markup:
    text = "" if span.duration is None else wording.duration(span.duration)
    return element("span", text, class_="took")


def _used(span: Span) -> Markup:
    text = "" if span.usage is None else wording.used(span.usage)
    return element("span", text, class_="used")


def _bar(span: Span, whole: Extent) -> Markup:
    """Return where a span lies in the whole. Paler where its own times do not say so."""
    if span.extent is None or whole[0] == whole[1]:
        return element("span", class_="bar")
    first, last = (
        _WIDTH * (time - whole[0]) / (whole[1] - whole[0])
        for time in (_start(span, span.extent), _end(span, span.extent))
    )
    width = max(_LEAST, last - first)
    told = span.start is not None and (span.end is not None or span.kind in ("log", "other"))
    bar = element(
        "rect",
        x=f"{min(first, _WIDTH - width):.1f}",
        width=f"{width:.1f}",
        height="10",
        class_=None if told else "implied",
    )
    view = f"0 0 {_WIDTH} 10"
    return element(
        "svg", bar, class_="bar", viewBox=view, preserveAspectRatio="none", aria_hidden="true"
    )


def _start(span: Span, extent: Extent) -> float:
    return extent[0] if span.start is None else span.start


def _end(span: Span, extent: Extent) -> float:
    return extent[1] if span.end is None else max(span.end, _start(span, extent))
