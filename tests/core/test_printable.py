"""One table of harmful characters, and all that shows text: errors, terminals, JSON, pages."""

from __future__ import annotations

import html
import json
import re

import pytest

from flue_client_ext._report.markup import escaped
from flue_client_ext._values.printable import HARMFUL, printable
from flue_client_ext.cli._printable import json_text, printable_line, printable_text

CLASS = re.compile(f"[{HARMFUL}]")
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""All that change the direction (Unicode annex 9, table 4 and section 2.6)."""
EXAMPLES = {
    "controls": "\x00\x07\x08\x1b\x7f\x85\x9b\x9f",
    "ends of a line or a paragraph": "\u2028\u2029",
    "changes of the direction": BIDI,
    "no width": "\u200b\u2060\u2064\ufeff\u180e",
    "tags": "\U000e0001\U000e0041\U000e007f",
    "no characters": "\ufffe\uffff\ufdd0",
    "halves of characters": "\ud83c",
}
GOOD = [
    "plain text, and <markup> & 'quotes'",
    "e\u0301te\u0301 日本語 한국어 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "👩\u200d👩\u200d👧 ❤\ufe0f 🇫🇷 \u0645\u06cc\u200c\u062e\u0648",
    "10\u00a0000\u202f€",
]


@pytest.mark.parametrize("what", EXAMPLES)
def test_nothing_that_shows_text_lets_a_harmful_character_through(what: str) -> None:
    for char in EXAMPLES[what]:
        assert CLASS.fullmatch(char), repr(char)
        text = f"a{char}b"
        for shown in (
            printable(text),
            printable_line(text),
            printable_text(text),
            json_text({"text": [text]}),
            escaped(text),
        ):
            assert char not in shown
            assert shown.replace("\N{REPLACEMENT CHARACTER}", "").isprintable(), repr(shown)


def test_python_prints_no_harmful_character() -> None:
    """Errors and logs escape what Python does not print, which is more than the table has."""
    codes = [*range(0x11000), *range(0xE0000, 0xE1000)]
    found = [char for char in map(chr, codes) if CLASS.match(char)]
    assert len(found) > 2_000
    assert not any(char.isprintable() for char in found)


@pytest.mark.parametrize("text", GOOD)
def test_other_text_is_shown_as_it_is(text: str) -> None:
    assert printable_line(text) == printable_text(text) == text
    assert json_text(text) == f'"{text}"'
    assert html.unescape(escaped(text)) == text


@pytest.mark.parametrize("what", EXAMPLES)
def test_JSON_and_a_page_still_say_what_was_there(what: str) -> None:
    text = f"a{EXAMPLES[what]}b"
    assert json.loads(json_text(text)) == text
    if what not in ("controls", "no characters", "halves of characters"):
        assert html.unescape(escaped(text)) == text
