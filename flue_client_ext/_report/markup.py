"""Builds HTML. A string is text and is escaped; only `element` and `join` make markup.

Names of elements and attributes, and the values of attributes, are the page's own: what a server
said is never one of them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from .._values.printable import CONTROLS, INVISIBLE, NO_CHARACTERS

_REPLACED = re.compile(rf"(?![\t\n])[{CONTROLS}{NO_CHARACTERS}]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_VOID = {"meta", "rect"}


class Markup(str):
    """HTML that `element` has made. Nothing else may make one."""

    __slots__ = ()


def element(tag: str, /, *content: str, **attributes: str | None) -> Markup:
    """Return an element. Text is escaped; `class_` is `class`, and `_` in a name is `-`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{given}>" if tag == "meta" else f"<{tag}{given}/>")
    return Markup(f"<{tag}{given}>{join(content)}</{tag}>")


def join(content: Iterable[str]) -> Markup:
    """Return pieces one after another; text among them is escaped."""
    return Markup("".join(each if isinstance(each, Markup) else escaped(each) for each in content))


def escaped(text: str) -> str:
    """Return text that stands for itself in HTML, that UTF-8 can encode, and that is harmless where
    the page goes to a terminal.

    The halves of a character that a model's deltas have split are joined. What has no place in
    HTML, a half alone or a control character, becomes a mark; what does not show is written as a
    reference, and is the same to a browser.
    """
    if text.isascii():
        return html.escape(_marked(text))
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _INVISIBLE.sub(_reference, html.escape(_marked(text)))


def _marked(text: str) -> str:
    return _REPLACED.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def _reference(hit: re.Match[str]) -> str:
    return f"&#x{ord(hit[0]):x};"
