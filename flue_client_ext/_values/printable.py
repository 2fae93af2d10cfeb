"""Text of a server, made harmless: the one table of what could do harm where text is shown.

A control character could recolour a terminal, retitle its window, or forge a line of a log or the
answer to a question. What changes the writing direction (Unicode annex 9), has no width or is a tag
could show another text than there is, or hide one. The joiners U+200C and U+200D are no such
characters: words and emoji are made with them."""

from __future__ import annotations

# Parts of a character class of `re`.
CONTROLS = r"\x00-\x1f\x7f-\x9f"
INVISIBLE = (
    r"\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f"
)
NO_CHARACTERS = r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
"""Halves of characters, and what Unicode reserves for no use."""
HARMFUL = CONTROLS + INVISIBLE + NO_CHARACTERS


def escape(char: str) -> str:
    return repr(char)[1:-1]


def printable(text: str) -> str:
    """Return `text` as one line of an error or a log, with an escape for each character that Python
    does not print: the harmful ones, and a few more."""
    return "".join(char if char.isprintable() else escape(char) for char in text)
