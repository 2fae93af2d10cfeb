"""`examples/fastapi_relay.py` as a real service: what a browser shows, and who leaves when."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flue_client_ext.testing import ConversationContext, LocalFlue, Message
from tests.report.chromium import Browser
from tests.servers.flue2 import Flue2Server

from .support import EXAMPLES, LIMIT, environment, until

TEXTS = "[...document.querySelectorAll('#messages p')].map((each) => each.textContent)"
SERVICE = ("-m", "uvicorn", "--app-dir", str(EXAMPLES), "fastapi_relay:app")
LAST = object()


class Relay:
    """The service in a process of its own, on a socket that outlives it."""

    def __init__(self, flue_url: str, agent: str = "assistant") -> None:
        self._variables = environment(flue_url, RELAY_AGENT=agent)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.start()

    def start(self) -> None:
        fd = self._socket.fileno()
        options = ("--fd", str(fd), "--timeout-graceful-shutdown", "1", "--log-level", "warning")
        self.process = subprocess.Popen(
            [sys.executable, *SERVICE, *options],
            env=self._variables,
            pass_fds=(fd,),
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT)

    def close(self) -> None:
        self.kill()
        self._socket.close()


@pytest.fixture
def words() -> queue.SimpleQueue[Any]:
    """What the agent is to say next."""
    return queue.SimpleQueue()


@pytest.fixture
def flue_options() -> dict[str, Any]:
    return {"delta_hold": 0}


@pytest.fixture
def server(flue_server: LocalFlue, words: queue.SimpleQueue[Any]) -> LocalFlue:
    @flue_server.agent
    def assistant(message: Message, conversation: ConversationContext) -> None:
        if message.text == "retry":
            conversation.reply(next_words(words), retried=True)
        conversation.reply(next_words(words))

    return flue_server


def next_words(words: queue.SimpleQueue[Any]) -> Iterator[str]:
    while (word := words.get(timeout=LIMIT)) is not LAST:
        yield word


@pytest.fixture
def relay(server: LocalFlue) -> Iterator[Relay]:
    running = Relay(server.url)
    yield running
    running.close()


def say(browser: Browser, text: str) -> None:
    browser.evaluate(f"document.forms[0].text.value = {json.dumps(text)}")
    browser.evaluate("document.forms[0].requestSubmit()")


def shows(browser: Browser, *texts: str) -> None:
    until(lambda: browser.evaluate(TEXTS) == list(texts))


def test_the_page_shows_text_as_it_comes_and_takes_it_back(
    browser: Browser, relay: Relay, words: queue.SimpleQueue[Any]
) -> None:
    browser.open(f"{relay.url}/ticket-1")
    say(browser, "retry")
    words.put("This ")
    shows(browser, "retry", "This ")
    words.put("goes <b>wrong</b>")
    shows(browser, "retry", "This goes <b>wrong</b>")
    words.put(LAST)
    shows(browser, "retry")
    words.put("This is \ud83d")  # one half of an emoji
    words.put("\ude42.")  # and the other
    shows(browser, "retry", "This is \U0001f642.")
    words.put(LAST)


def test_a_browser_goes_on_when_the_service_is_started_anew(
    browser: Browser, relay: Relay, server: LocalFlue, words: queue.SimpleQueue[Any]
) -> None:
    browser.open(f"{relay.url}/ticket-2")
    say(browser, "hello")
    words.put("one ")
    shows(browser, "hello", "one ")
    before = len(server.requests)
    relay.kill()
    words.put("two ")
    relay.start()
    shows(browser, "hello", "one two ")
    words.put("three")
    shows(browser, "hello", "one two three")
    words.put(LAST)
    later = list(server.requests)[before:]
    assert {request.param("offset") for request in later} & {"-1", None} == set()


def test_the_page_begins_anew_where_the_server_has_lost_it(
    browser: Browser, relay: Relay, server: LocalFlue, words: queue.SimpleQueue[Any]
) -> None:
    browser.open(f"{relay.url}/ticket-3")
    say(browser, "old")
    words.put(LAST)
    shows(browser, "old")
    server.drop_conversation("assistant", "ticket-3")
    say(browser, "new")
    words.put("fresh")
    shows(browser, "new", "fresh")
    words.put(LAST)


def test_it_relays_a_genuine_server(browser: Browser, genuine2: Flue2Server) -> None:
    """Whose model fails in mid-text at first: that text is not there in the end."""
    relay = Relay(genuine2.url, "retries")
    try:
        question = str(uuid4())
        browser.open(f"{relay.url}/{uuid4()}")
        say(browser, question)
        shows(browser, question, "The second attempt.")
    finally:
        relay.close()


def read(url: str, after: str | None = None, *, whole: bool = True) -> tuple[list[Any], str]:
    """Read until the conversation has settled, or one event; return the updates and the last id."""
    headers = {} if after is None else {"last-event-id": after}
    updates: list[Any] = []
    with httpx.stream("GET", url, headers=headers, timeout=LIMIT, trust_env=False) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "data":
                updates += json.loads(value)
            elif name == "id" and (not whole or updates[-1]["type"] == "submission-settled"):
                return updates, value
    raise AssertionError("the stream has ended")


def post(url: str, message: dict[str, str]) -> httpx.Response:
    return httpx.post(url, json=message, timeout=LIMIT, trust_env=False)


def test_an_event_id_resumes_behind_its_event(relay: Relay, words: queue.SimpleQueue[Any]) -> None:
    message = {"text": "hello", "key": "key-1"}
    sent = [post(f"{relay.url}/ticket-4", message) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [202, 202]
    assert sent[0].json() == sent[1].json()
    url = f"{relay.url}/ticket-4/updates"
    first, id = read(url, whole=False)
    for word in ("one ", "two ", LAST):
        words.put(word)
    rest, _ = read(url, id)
    assert rest
    assert first + rest == read(url)[0]
    for wrong in ("nonsense", id.replace("ticket-4", "ticket-5")):
        refused = httpx.get(url, headers={"last-event-id": wrong}, timeout=LIMIT, trust_env=False)
        assert refused.status_code == 400


def test_the_stream_from_flue_ends_when_its_client_leaves(
    relay: Relay, server: LocalFlue, words: queue.SimpleQueue[Any]
) -> None:
    key = ("assistant", "ticket-6")
    url = f"{relay.url}/ticket-6"
    post(url, {"text": "hello", "key": "key-1"})
    with httpx.stream("GET", f"{url}/updates", timeout=LIMIT, trust_env=False) as answer:
        lines = answer.iter_lines()
        assert any(line.startswith("data") for line in lines)
        until(lambda: server.conversations.followers(key) == 1)
    until(lambda: server.conversations.followers(key) == 0)
    with httpx.stream("GET", f"{url}/updates", timeout=LIMIT, trust_env=False) as answer:
        assert any(line.startswith("data") for line in answer.iter_lines())
        relay.process.terminate()
        relay.process.wait(LIMIT)
    until(lambda: server.conversations.followers(key) == 0)
    words.put(LAST)
