"""Writes the page: one HTML document without scripts, links or anything to load."""

from __future__ import annotations

from .._version import __version__
from . import wording
from .markup import Markup, element, join
from .row import facts, lines, row
from .selection import Gap, Row, Selection, select
from .span import Span
from .style import DEEPEST, STYLE, policy

_WIDTHS = 4


def page(root: Span, title: str, kind: str) -> str:
    """Return the whole document."""
    chosen = select(root)
    head = join(
        [
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy()),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", f"{title}, {kind} of Flue"),
            element("style", Markup(STYLE)),
        ]
    )
    body = join([_head(root, title, kind), _content(root, chosen), _foot()])
    whole = element("html", element("head", head), element("body", body), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _head(root: Span, title: str, kind: str) -> Markup:
    name = element("h1", element("bdi", title), " ", _status(root))
    known = list(root.facts)
    if root.start is not None:
        known.append(("started", wording.moment(root.start)))
    if root.duration is not None:
        known.append(("took", wording.duration(root.duration)))
    if root.usage is not None:
        known.append(("tokens", f"{root.usage.total:,.0f} ({wording.in_detail(root.usage)})"))
        spent = wording.cost(root.usage)
        known += [] if spent is None else [("cost", spent)]
    return element("header", element("p", kind.capitalize(), class_="kind"), name, facts(known))


def _content(root: Span, chosen: Selection) -> Markup:
    blocks = lines(chosen.root, "h2")
    notes = [element("p", text, class_="note") for text in _notes(root, chosen)]
    entries = (_entry(each, root) for each in chosen.rows)
    listed = element("ol", *entries, class_=None if root.extent else "untimed")
    heading = element("h2", "Timeline" if root.extent else "Steps")
    return element("main", blocks, heading, *notes, _scale(root), listed)


def _entry(each: Row | Gap, root: Span) -> Markup:
    depth = f"d{min(each.depth, DEEPEST)}"
    if isinstance(each, Gap):
        return element("li", f"{wording.steps(each.count)} left out here", class_=f"{depth} gap")
    status = "failed" if each.span.status == "failed" else ""
    return element("li", row(each, root.extent), class_=f"row {each.span.kind} {status} {depth}")


def _notes(root: Span, chosen: Selection) -> list[str]:
    notes: list[str] = []
    if not chosen.spans:
        notes.append("There are no steps.")
    elif root.extent is None:
        notes.append("The server tells no times: the steps are in its order.")
    if chosen.shown < chosen.spans:
        shown = f"{chosen.shown:,} of {wording.steps(chosen.spans)}"
        notes.append(
            f"This page shows {shown}: what failed, and the beginning and end of the rest."
        )
    return notes


def _scale(root: Span) -> Markup:
    if root.extent is None or root.extent[0] == root.extent[1]:
        return Markup()
    length = root.extent[1] - root.extent[0]
    marks = [wording.duration(length * at / _WIDTHS) for at in range(_WIDTHS + 1)]
    return element("div", *(element("span", mark) for mark in marks), class_="scale")


def _status(root: Span) -> Markup:
    words = wording.STATUS[root.status]
    return element("span", words, class_=f"status {root.status}") if words else Markup()


def _foot() -> Markup:
    return element("footer", f"Made by flue-client {__version__}. Times are the server's, in UTC.")
