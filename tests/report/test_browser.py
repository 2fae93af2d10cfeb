"""Pages in a real browser: nothing runs, nothing is requested, everything can be read."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flue_client.models import ConversationSnapshot, parse_event
from flue_client_ext.report import conversation_report, run_report
from tests.contract_spec.samples import events
from tests.core.recorded import RECORDED

from .chromium import Browser
from .hostile import ATTACK, PAGES

DESKTOP = (1280, 900)

#: Texts whose contrast with what is behind them is below 4.5, the least of WCAG 2.2, 1.4.3.
FAINT = """
(() => {
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = parts(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const node of document.body.querySelectorAll('*')) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
    const colors = [parts(getComputedStyle(node).color), behind(node)];
    const pair = colors.map(luminance).sort((a, b) => b - a);
    if ((pair[0] + 0.05) / (pair[1] + 0.05) < 4.5) faint.add(`${node.tagName}.${node.className}`);
  }
  return [...faint];
})()
"""
#: What is wider than where it stands; there, a part would be hidden or have a bar of its own.
WIDER = """
[...document.querySelectorAll('pre, dl, li, .what')]
  .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.className)
"""
TEXT_WIDTH = "document.querySelector('h1 bdi').getBoundingClientRect().width"
UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


INTRUDERS = [
    "<script>window.attacked = 1</script>",
    "<img src='/image' onerror='window.attacked = 1'>",
    "<iframe src='/frame'></iframe>",
    "<link rel='stylesheet' href='/style'>",
    "<style>body { background: url(/background) }</style>",
    "<form action='/form'></form><script>document.forms[0].submit()</script>",
    "<object data='/object'></object>",
    "<video src='/video' autoplay></video>",
    "<base href='/base/'><img src='image'>",
]
COMPLAINTS = ("Log.entryAdded", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")


class Site(http.server.ThreadingHTTPServer):
    """Serves a page everywhere, and keeps the path of every request for something in it."""

    page = b""

    def __init__(self) -> None:
        self.requested: set[str] = set()
        super().__init__(("127.0.0.1", 0), Answer)

    def show(self, page: str, element: str) -> None:
        assert "</footer>" in page
        self.page = page.replace("</footer>", f"{element}</footer>").encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, Site)
        site.requested |= {self.path} - {"/favicon.ico"}
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(site.page)))
        self.end_headers()
        self.wfile.write(site.page)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@cache
def pages() -> dict[str, str]:
    """Attacked pages, and pages as people get them."""
    told = RECORDED["flue2-tool"]
    ordinary = {
        "a run": run_report(None, [parse_event(each) for each in events()]),
        "a conversation": conversation_report(ConversationSnapshot(told.snapshot)),
    }
    return {**{f"hostile {name}": make(ATTACK) for name, make in PAGES.items()}, **ordinary}


@pytest.fixture(params=list(pages()))
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Browser:
    """The browser at a page, all of it unfolded."""
    file = tmp_path / "report.html"
    file.write_text(pages()[request.param], encoding="utf-8")
    browser.size(*DESKTOP)
    browser.appear()
    browser.open(file.as_uri())
    browser.evaluate(UNFOLD)
    assert browser.evaluate(f"{TEXT_WIDTH} > 50"), "a browser without fonts shows no layout"
    return browser


def test_no_text_runs_and_nothing_is_requested(page: Browser) -> None:
    assert page.evaluate("typeof window.attacked") == "undefined"
    assert page.evaluate("document.querySelectorAll('script, img, a, link, iframe').length") == 0
    requests = [each for each in page.events if each["method"] == "Network.requestWillBeSent"]
    assert [each["params"]["type"] for each in requests] == ["Document"]
    complaints = [each for each in page.events if each["method"] in COMPLAINTS]
    assert complaints == []


@pytest.mark.parametrize("element", INTRUDERS)
def test_the_policy_stops_markup_that_got_into_a_page(
    browser: Browser, site: Site, element: str
) -> None:
    """Not by the escaping, which is not in the way here."""
    site.show(pages()["a run"], element)
    browser.open(site.url)
    assert browser.evaluate("typeof window.attacked") == "undefined"
    assert site.requested == {"/"}


def test_without_the_policy_such_markup_runs_and_requests(browser: Browser, site: Site) -> None:
    whole = pages()["a run"].replace("Content-Security-Policy", "X-Policy")
    site.show(whole, "".join(element for element in INTRUDERS if "form" not in element))
    browser.open(site.url)
    assert browser.evaluate("typeof window.attacked") == "number"
    until = time.monotonic() + 10
    while not {"/image", "/frame", "/style", "/background"} <= site.requested:
        assert time.monotonic() < until, site.requested
        time.sleep(0.01)


@pytest.mark.parametrize("page", ["a run"], indirect=True)
def test_the_style_is_used(page: Browser) -> None:
    assert page.evaluate("getComputedStyle(document.querySelector('.line')).display") == "grid"


def test_nothing_is_wider_than_the_screen(page: Browser) -> None:
    for width in (320, 360, 768, 1280):
        page.size(width, 740)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WIDER) == []


def test_every_text_stands_out_from_what_is_behind_it(page: Browser) -> None:
    for scheme in ("light", "dark"):
        page.appear(scheme)
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (color == "rgb(255, 255, 255)") == (scheme == "light")
        assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("page", ["a run"], indirect=True)
def test_faint_text_is_found(page: Browser) -> None:
    page.evaluate("document.querySelector('h1').style.setProperty('color', '#999')")
    assert page.evaluate(FAINT) != []


def test_a_print_is_light_and_shows_what_is_folded(page: Browser) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = false; })")
    folded = "[...document.querySelectorAll('.more')].filter((each) => !each.checkVisibility())"
    assert page.evaluate(f"{folded}.length") > 0
    page.appear("dark", "print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(f"{folded}.length") == 0


@pytest.mark.parametrize("page", ["a run"], indirect=True)
def test_a_row_unfolds_by_the_keyboard(page: Browser) -> None:
    page.evaluate("document.querySelector('details').open = false")
    page.evaluate("document.querySelector('summary').focus()")
    for kind in ("keyDown", "keyUp"):
        page.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            text="\r",
            windowsVirtualKeyCode=13,
        )
    assert page.evaluate("document.querySelector('details').open") is True
