"""What genuine servers of the betas were recorded to answer, the local server answers as well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from flue_client_ext.testing import LocalFlue, VirtualClock
from flue_client_ext.testing._dialect import Generation
from tests.local.recorded import Recorded, body_of, headers_of, names, recorded, shape
from tests.local.recorded_agents import recorded_server
from tests.patience import patiently
from tests.servers.http import client_of

GENERATIONS: dict[str, Generation] = {"beta5": "beta.3", "beta9": "beta.8"}
IMAGE = {name: recorded(name, "send-image") for name in GENERATIONS}
#: What was sent to a conversation, and had settled, when it was read.
BEFORE = {"w1": ["hello"], "w2": ["hello"], "w4": ["http500"], "t1": ["please compute 7*6"]}
#: What was sent to a new conversation.
FIRST = {"send-tool", "send-image", "prompt-wait-result-200", "prompt-wait-provider-error"}
FIRST |= {"live-send", "abort-send-running"}
#: What depends on the moment at which it was asked; the tests at the end are about these.
TIMED = {"abort-prompt-waiting", "abort-running", "abort-send-queued", "live-sse-during-answer"}
TIMED |= {"history-aborted", "read-aborted", "read-right-after-first-send"}
CASES = [
    (server, name)
    for server in GENERATIONS
    for name in names(server)
    if name not in TIMED and not (server == "beta5" and name == "send-202")
]


@pytest.fixture
def running() -> Iterator[Callable[[str], tuple[LocalFlue, httpx.Client]]]:
    opened: list[tuple[LocalFlue, httpx.Client]] = []

    def start(server: str) -> tuple[LocalFlue, httpx.Client]:
        local = recorded_server(GENERATIONS[server])
        http = client_of(local.start("127.0.0.1", 0))
        opened.append((local, http))
        return local, http

    yield start
    for local, http in opened:
        http.close()
        local.close()


Start = Callable[[str], tuple[LocalFlue, httpx.Client]]


def send(local: LocalFlue, http: httpx.Client, conversation: str, *messages: str) -> None:
    """Send messages to a conversation, each when the one before has settled."""
    for text in messages:
        answer = http.post(f"/agents/chat/{conversation}", json={"message": text})
        local.settled("chat", conversation, answer.json()["submissionId"])


def prepare(local: LocalFlue, http: httpx.Client, server: str, case: Recorded) -> None:
    """Bring the server to where the recorded one was."""
    if case.name in FIRST:
        return
    known = case.conversation
    if known == "att1":
        image = IMAGE[server]
        sent = http.request(image.method, image.target, headers=image.headers, content=image.body)
        local.settled("chat", known, sent.json()["submissionId"])
    again = ["hello"] if server == "beta9" and known == "w1" and case.name != "send-202" else []
    send(local, http, known, *BEFORE.get(known, []), *again)


def ask(local: LocalFlue, http: httpx.Client, case: Recorded) -> httpx.Response:
    """Send the recorded request, and read an endless answer as far as it was recorded."""
    target = case.target
    if "attachments/att_" in target:
        [submission] = local.submission_ids("chat", case.conversation)
        target = f"{target.partition('att_')[0]}att_direct_{submission}_0"
    request = http.build_request(
        case.method, target, headers=case.headers, content=case.body or None
    )
    answer = http.send(request, stream=True)
    if "live=sse" not in case.target or answer.status_code != 200:
        answer.read()
        return answer
    content, frames = b"", case.content.count(b"event: ")
    try:
        for piece in answer.iter_raw():
            content += piece
            if content.count(b"\n\n") >= frames:
                break
        assert frames, "the recorded answer broke off"
    except httpx.RemoteProtocolError:
        assert not frames
    finally:
        answer.close()
    return httpx.Response(answer.status_code, headers=answer.headers, content=content)


def check(case: Recorded, answer: httpx.Response) -> None:
    """Compare an answer with the recorded one: status, headers, and its body's shape."""
    assert answer.status_code == case.status
    told = {**headers_of(answer.headers), "stream-cursor": "", "etag": ""}
    wanted = {**headers_of(case.answered), "stream-cursor": "", "etag": ""}
    assert told == wanted
    for name in ("stream-cursor", "etag"):
        assert (name in answer.headers) == (name in case.answered)
    if case.answered.get("content-type", "").startswith("image/"):
        assert answer.content.startswith(b"\x89PNG")
        return
    value = shape(body_of(answer.headers, answer.content))
    expected = shape(body_of(case.answered, case.content))
    if not case.whole:
        value = value[: len(expected)]
    assert value == expected


@pytest.mark.parametrize(("server", "name"), CASES)
def test_a_recorded_request_is_answered_alike(running: Start, server: str, name: str) -> None:
    local, http = running(server)
    case = recorded(server, name)
    prepare(local, http, server, case)
    check(case, ask(local, http, case))


def test_the_first_send_of_beta5_is_admitted_at_minus_one(running: Start) -> None:
    local, http = running("beta5")
    case = recorded("beta5", "send-202")
    check(case, ask(local, http, case))


def at_head(local: LocalFlue, batch: int) -> None:
    """Wait until the aborted conversation's stream has so many batches behind the first."""
    wanted, until = f"_{batch:016d}", time.monotonic() + 10
    while not local.snapshot("chat", "A1")["offset"].endswith(wanted):
        assert time.monotonic() < until, local.snapshot("chat", "A1")
        time.sleep(0.002)


def advance(local: LocalFlue, seconds: float, settle: float = 0.1) -> None:
    assert isinstance(local.clock, VirtualClock)
    local.clock.advance(seconds, settle=settle)


@contextmanager
def time_passing(local: LocalFlue) -> Iterator[None]:
    """Let half a second pass again and again: a sleep may begin after any step of the clock."""
    over = threading.Event()

    def pass_on() -> None:
        while not over.wait(0.05):
            advance(local, 0.5)

    thread = threading.Thread(target=pass_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


@pytest.mark.parametrize(
    ("server", "seconds", "words_said", "all_said"), [("beta5", 0.65, 7, 7), ("beta9", 0, 3, 4)]
)
def test_an_abort_of_three_sends_is_answered_alike(
    running: Start, server: str, seconds: float, words_said: int, all_said: int
) -> None:
    def attempt(settle: float) -> None:
        local, http = running(server)

        def alike(name: str) -> None:
            case = recorded(server, name)
            check(case, ask(local, http, case))

        alike("abort-send-running")
        at_head(local, 4 if seconds else words_said)
        advance(local, seconds, settle)
        at_head(local, words_said)
        alike("abort-send-queued")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(alike, "abort-prompt-waiting")
            while len(local.submission_ids("chat", "A1")) < 3:
                assert not waiting.done(), waiting.result()
                time.sleep(0.002)
            advance(local, 1.05 - seconds, settle)
            if all_said > words_said:
                at_head(local, all_said)
            alike("abort-running")
            while not waiting.done():
                advance(local, 0.5)
            waiting.result()
        alike("read-aborted")
        if server == "beta9":
            alike("history-aborted")

    patiently(attempt, 0.1, 0.5, 2.0)


@pytest.mark.parametrize("server", GENERATIONS)
def test_a_stream_shows_an_answer_as_it_is_recorded(running: Start, server: str) -> None:
    local, http = running(server)
    send = recorded(server, "live-send")
    case = recorded(server, "live-sse-during-answer")
    check(send, ask(local, http, send))
    last = body_of(case.answered, case.content)["control"][-1]["streamNextOffset"]
    content = b""
    with http.stream("GET", case.target) as answer, time_passing(local):
        assert headers_of(answer.headers) == headers_of(case.answered)
        for piece in answer.iter_raw():
            content += piece
            if last.encode() in content and content.endswith(b"}\n\n"):
                break
    told, expected = (body_of(answer.headers, text) for text in (content, case.content))
    assert shape(told["data"]) == shape(expected["data"])
    known = {name for control in expected["control"] for name in control}
    assert {name for control in told["control"] for name in control} == known
    assert told["control"][-1]["streamNextOffset"] == last


@pytest.mark.parametrize("server", GENERATIONS)
def test_what_is_read_right_behind_a_send_begins_as_recorded(running: Start, server: str) -> None:
    local, http = running(server)
    case = recorded(server, "read-right-after-first-send")
    send(local, http, "w1", "hello", *(["hello"] if server == "beta9" else []))
    told = shape(http.get(case.target).json())
    expected = shape(body_of(case.answered, case.content))
    assert told[: len(expected)] == expected
