"""The HTML of a page: what a server said is text on it, and nothing but text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from flue_client.models import ConversationSnapshot, RunRecord, parse_event
from flue_client_ext._report.markup import element, escaped
from flue_client_ext._report.span import Usage
from flue_client_ext._report.wording import cost, duration
from flue_client_ext.report import conversation_report, run_report
from tests.contract_spec.samples import events

from .events import at, event, run_end, run_start
from .hostile import ATTACK, HARMLESS, PAGES

ELEMENTS = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "p", "h1"}
ELEMENTS |= {"h2", "h3", "dl", "div", "dt", "dd", "ol", "li", "details", "summary", "span", "bdi"}
ELEMENTS |= {"pre", "svg", "rect"}


class Parsed(HTMLParser):
    """The tags of a document with their attributes, and its texts by element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append((self.tags[-1][0] if self.tags else "", data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


@pytest.mark.parametrize("name", list(PAGES))
def test_hostile_text_changes_no_tag_and_no_attribute(name: str) -> None:
    attacked, harmless = Parsed(PAGES[name](ATTACK)), Parsed(PAGES[name](HARMLESS))
    assert attacked.tags == harmless.tags
    assert {tag for tag, _ in attacked.tags} == ELEMENTS


@pytest.mark.parametrize("name", list(PAGES))
def test_hostile_text_is_on_the_page_as_it_came(name: str) -> None:
    told = "".join(text for _, text in Parsed(PAGES[name](ATTACK)).texts)
    shown = ATTACK.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    assert told.count(shown.replace("\ud800", "\N{REPLACEMENT CHARACTER}")) > 50


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_names_nothing_to_load_and_no_script(name: str) -> None:
    for tag, attributes in Parsed(PAGES[name](HARMLESS)).tags:
        names = {key for key, _ in attributes}
        assert tag not in ("script", "link", "base", "iframe", "object", "a", "form")
        assert not names & {"src", "href", "style", "action", "srcset"}, tag
        assert not any(key.startswith("on") for key in names), tag


@pytest.mark.parametrize("name", list(PAGES))
def test_the_policy_is_ahead_of_all_else_and_allows_the_style_alone(name: str) -> None:
    page = PAGES[name](ATTACK)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    tags = Parsed(page).tags
    assert [tag for tag, _ in tags[:4]] == ["html", "head", "meta", "meta"]
    assert dict(tags[2][1]) == {"charset": "utf-8"}
    policy = dict(tags[3][1])["content"]
    assert policy is not None
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_is_utf_8_whatever_the_text(name: str) -> None:
    assert PAGES[name](ATTACK).encode().decode() == PAGES[name](ATTACK)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<a href='x'>&amp;", "&lt;a href=&#x27;x&#x27;&gt;&amp;amp;"),
        ("one\r\ntwo\rthree\n\tfour", "one\ntwo\N{REPLACEMENT CHARACTER}three\n\tfour"),
        ("\x00\x1b[31m\x9b", "\N{REPLACEMENT CHARACTER}" + "\N{REPLACEMENT CHARACTER}[31m\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d \ude00", "\ufffd \ufffd"),
        ("世界\u2028\u202e", "世界&#x2028;&#x202e;"),
        ("👩\u200d👩 \u0645\u06cc\u200c\u062e", "👩\u200d👩 \u0645\u06cc\u200c\u062e"),
    ],
)
def test_text_is_escaped(text: str, html: str) -> None:
    assert escaped(text) == html


def test_an_element_escapes_its_text_and_its_attributes() -> None:
    built = element("p", element("b", "<"), '"&', class_='a"b')
    assert built == '<p class="a&quot;b"><b>&lt;</b>&quot;&amp;</p>'


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"),
        (999.4, "999 ms"),
        (999.9, "1.00 s"),
        (1234, "1.23 s"),
        (59_999, "1 min 0 s"),
        (192_300, "3 min 12 s"),
        (3_600_000, "1 h 0 min"),
        (1e15, "277,777,777 h 46 min"),
    ],
)
def test_durations_in_words(milliseconds: float, words: str) -> None:
    assert duration(milliseconds) == words


@pytest.mark.parametrize(
    ("dollars", "words"),
    [(None, None), (0, None), (0.00002, "$0.00002"), (0.0123, "$0.012"), (1234.5, "$1,234.50")],
)
def test_cost_in_words(dollars: float | None, words: str | None) -> None:
    assert cost(Usage(cost=dollars)) == words


def text_of(page: str) -> str:
    return " ".join(text.strip() for tag, text in Parsed(page).texts if tag != "style")


def test_a_page_says_what_a_run_did() -> None:
    record = RunRecord({"runId": "run_1", "workflowName": "research", "status": "completed"})
    text = text_of(run_report(record, [parse_event(each) for each in events()]))
    for words in ("research", "completed", "run_1", "compute 7*6", "calculator", "tokens", "10 in"):
        assert words in text


def test_a_page_of_a_run_that_goes_on_says_so() -> None:
    record = RunRecord({"runId": "r", "workflowName": "w", "status": "active", "startedAt": at(0)})
    assert "running" in text_of(run_report(record, []))
    assert "There are no steps." in text_of(run_report(record, []))


def test_a_page_without_any_times_says_so_and_has_no_bars() -> None:
    snapshot = {"messages": [{"role": "user", "parts": [{"type": "text", "text": "hi"}]}]}
    page = conversation_report(ConversationSnapshot(snapshot))
    assert "The server tells no times" in text_of(page)
    assert "<rect" not in page
    assert "<svg" not in page


def test_what_failed_is_unfolded() -> None:
    tools = [
        event("tool", at, toolName="dig", toolCallId=str(at), isError=at == 5, result="r")
        for at in (4, 5)
    ]
    page = run_report(None, [parse_event(each) for each in (run_start(), *tools, run_end(9))])
    rows = re.findall(r'<li class="row tool ([a-z]*) d0"><details( open="")?>', page)
    assert rows == [("", ""), ("failed", ' open=""')]


def test_bars_lie_within_the_time_line() -> None:
    page = run_report(None, [parse_event(each) for each in events()])
    bars = re.findall(r'<rect x="([\d.]+)" width="([\d.]+)"', page)
    assert len(bars) > 20
    assert all(float(x) >= 0 and float(x) + float(width) <= 1000.1 for x, width in bars)


@pytest.mark.parametrize(
    ("begin", "milliseconds"),
    [
        ("0001-01-01T00:00:00+23:59", 1),
        ("9999-12-31T23:59:59.999999-23:59", 1),
        ("2026-11-25T19:23:05Z", 1e308),
    ],
)
def test_a_time_outside_the_calendar_is_no_reason_to_fail(begin: str, milliseconds: float) -> None:
    ended = event("operation", 1, operationId="o", operationKind="k", durationMs=milliseconds)
    parsed = [parse_event({**each, "timestamp": begin}) for each in (run_start(), ended)]
    assert "k" in text_of(run_report(None, parsed)).split()
