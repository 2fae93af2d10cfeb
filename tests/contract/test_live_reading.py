"""Long-poll and SSE: holds, batches, frames byte for byte, ends, heartbeats."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import httpx
import pytest

from flue_client_ext.testing import VirtualClock
from tests.contract.peers import LocalPeer, Peer
from tests.contract.test_reading import offset
from tests.contract.wire import frames, masked
from tests.servers.http import client_of

LOG = (
    '{{"type":"log","level":"info","message":"step {0}","attributes":{{"i":{0}}},"runId":"<run>",'
    '"v":3,"eventIndex":{1},"timestamp":"<time>"}}'
)
POLL_204 = {
    "x-content-type-options",
    "cross-origin-resource-policy",
    "stream-next-offset",
    "stream-up-to-date",
    "stream-cursor",
    "date",
    "connection",
    "keep-alive",
}


def control(sequence: int, state: str = '"streamCursor":"<cursor>","upToDate":true') -> str:
    return f'event: control\ndata:{{"streamNextOffset":"{offset(sequence)}",{state}}}'


CLOSED = '"streamClosed":true'


def gate(http: httpx.Client, key: str) -> str:
    """Start a run that has logged `waiting` and stands: two events."""
    run_id = str(http.post("/workflows/gate", json={"key": key}).json()["runId"])
    while len(http.get(f"/runs/{run_id}").json()) < 2:
        pass
    return run_id


@contextmanager
def listening(
    http: httpx.Client, run_id: str, query: str = "offset=now"
) -> Generator[Iterator[str]]:
    """Open an SSE read; yields the frames as they come, masked."""
    with http.stream("GET", f"/runs/{run_id}?{query}&live=sse") as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["transfer-encoding"] == "chunked"
        assert "stream-next-offset" not in response.headers

        def arriving() -> Iterator[str]:
            rest = ""
            for text in response.iter_text():
                rest += text
                while "\n\n" in rest:
                    frame, rest = rest.split("\n\n", 1)
                    yield masked(frame)
            assert rest == ""

        yield arriving()


def test_a_long_poll_with_events_answers_at_once_like_a_page_with_a_cursor(
    http: httpx.Client,
) -> None:
    run_id = http.post("/workflows/flood?wait=result", json={"n": 250}).json()["runId"]
    answer = http.get(f"/runs/{run_id}?offset=-1&live=long-poll")
    assert (answer.status_code, len(answer.json())) == (200, 100)
    assert answer.headers["stream-cursor"].isdigit()
    assert "stream-up-to-date" not in answer.headers
    assert "stream-closed" not in answer.headers
    last = http.get(f"/runs/{run_id}?offset={offset(199)}&live=long-poll")
    assert (last.headers["stream-up-to-date"], last.headers["stream-closed"]) == ("true", "true")
    tail = http.get(f"/runs/{run_id}?offset=-1&tail=2&live=long-poll")
    assert [event["eventIndex"] for event in tail.json()] == [250, 251]
    assert offset(249) in tail.headers["etag"]


@pytest.mark.parametrize("at", [offset(251), offset(999), "now"])
def test_a_long_poll_at_or_beyond_the_tail_of_a_closed_stream_is_204_at_once(
    http: httpx.Client, at: str
) -> None:
    run_id = http.post("/workflows/flood?wait=result", json={"n": 250}).json()["runId"]
    answer = http.get(f"/runs/{run_id}?offset={at}&live=long-poll")
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer.headers) == POLL_204 | {"stream-closed"}
    assert answer.headers["stream-next-offset"] == (offset(251) if at == "now" else at)


def test_a_cursor_behind_time_is_replaced_and_one_ahead_moves_on(http: httpx.Client) -> None:
    run_id = http.post("/workflows/summarize?wait=result", json={"text": "a"}).json()["runId"]

    def cursor(given: str) -> int:
        query = f"offset=now&live=long-poll&cursor={given}"
        return int(http.get(f"/runs/{run_id}?{query}").headers["stream-cursor"])

    now = int((time.time() - 1_728_432_000) // 20)
    assert cursor("5") in (now, now + 1)
    assert cursor("abc") in (now, now + 1)
    assert cursor("-7") in (now, now + 1)
    assert now + 1000 < cursor(str(now + 1000)) <= now + 1180


def test_a_held_long_poll_answers_the_first_news(peer: Peer, http: httpx.Client) -> None:
    run_id = gate(http, "held")
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(http.get, f"/runs/{run_id}?offset=now&live=long-poll")
        assert not wait([poll], 0.2).done
        for _ in range(40):  # what comes before the request is not news to it
            peer.emit("held")
            if wait([poll], 0.25).done:
                break
        answer = poll.result()
    steps = [event["attributes"]["i"] for event in answer.json()]
    assert masked(answer.text) == f"[{','.join(LOG.format(i, i + 2) for i in steps)}]"
    assert answer.headers["stream-next-offset"] == offset(steps[-1] + 2)
    assert answer.headers["stream-up-to-date"] == "true"
    assert "stream-closed" not in answer.headers
    assert f":{offset(steps[0] + 1)}:" in answer.headers["etag"]
    peer.release("held")


def test_a_held_long_poll_answers_the_end_of_the_run(peer: Peer, http: httpx.Client) -> None:
    run_id = gate(http, "ended")
    threading.Timer(0.2, peer.release, ["ended"], {"result": 1}).start()
    answer = http.get(f"/runs/{run_id}?offset={offset(1)}&live=long-poll")
    assert [event["type"] for event in answer.json()] == ["run_end"]


def test_a_stream_closed_without_an_end_ends_a_held_long_poll_with_204(
    peer: Peer, http: httpx.Client
) -> None:
    run_id = gate(http, "closed-poll")
    threading.Timer(0.2, peer.close_stream, [run_id]).start()
    answer = http.get(f"/runs/{run_id}?offset=now&live=long-poll")
    assert (answer.status_code, set(answer.headers)) == (204, POLL_204 | {"stream-closed"})
    peer.release("closed-poll")


def test_sse_of_a_closed_run_is_its_batches_each_with_its_control_frame(http: httpx.Client) -> None:
    run_id = http.post("/workflows/flood?wait=result", json={"n": 250}).json()["runId"]
    sent = frames(masked(http.get(f"/runs/{run_id}?offset=-1&live=sse").text))
    assert [frame.startswith("event: data\ndata:[{") for frame in sent] == [True, False] * 3
    not_yet = '"streamCursor":"<cursor>"'
    assert sent[1::2] == [control(99, not_yet), control(199, not_yet), control(251, CLOSED)]
    assert [frame.count("\n") for frame in sent] == [1] * 6


@pytest.mark.parametrize(
    ("query", "count", "last"),
    [
        ("offset=now", 0, 2),
        ("offset=0_2", 0, 2),
        ("offset=0_77", 0, 77),
        ("offset=-1&tail=1", 1, 2),
    ],
)
def test_sse_at_the_end_of_a_closed_run(
    http: httpx.Client, query: str, count: int, last: int
) -> None:
    run_id = http.post("/workflows/summarize?wait=result", json={"text": "a"}).json()["runId"]
    sent = frames(masked(http.get(f"/runs/{run_id}?{query}&live=sse").text))
    assert sent[-1] == control(last, CLOSED)
    assert len(sent) == 1 + count


def test_sse_sends_each_batch_as_it_comes(peer: Peer, http: httpx.Client) -> None:
    run_id = gate(http, "live")
    with listening(http, run_id) as arriving:
        assert next(arriving) == control(1)
        for number in range(3):
            peer.emit("live")
            assert next(arriving) == f"event: data\ndata:[{LOG.format(number, number + 2)}]"
            assert next(arriving) == control(number + 2)
        peer.release("live", result={"x": 1})
        assert next(arriving) == (
            'event: data\ndata:[{"type":"run_end","runId":"<run>","result":{"x":1},"isError":false,'
            '"durationMs":<n>,"v":3,"eventIndex":5,"timestamp":"<time>"}]'
        )
        assert next(arriving) == control(5, CLOSED)
        assert list(arriving) == []


def test_sse_of_a_stream_closed_without_an_end(peer: Peer, http: httpx.Client) -> None:
    run_id = gate(http, "closed-sse")
    with listening(http, run_id) as arriving:
        assert next(arriving) == control(1)
        peer.close_stream(run_id)
        assert list(arriving) == [control(1, CLOSED)]
    peer.release("closed-sse")


@pytest.mark.odd_answers
def test_what_an_event_holds_is_passed_on_whatever_it_is(peer: Peer, http: httpx.Client) -> None:
    run_id = gate(http, "raw")
    event = {"type": "from_tomorrow", "v": 3, "eventIndex": 2, "nested": {"a": [None]}}
    with listening(http, run_id) as arriving:
        next(arriving)
        peer.append(run_id, event)
        assert next(arriving) == (
            "event: data\n"
            'data:[{"type":"from_tomorrow","v":3,"eventIndex":2,"nested":{"a":[null]}}]'
        )
    peer.release("raw")


Pass = Callable[[], None]


@pytest.fixture(params=["genuine", "local"])
def patient_peer(request: pytest.FixtureRequest) -> Iterator[tuple[Peer, float, Pass]]:
    """A peer, how many real seconds 30 of its own take, and what lets 15 of them pass for a
    long-poll and an event stream: the clock of the local one is moved."""
    if request.param == "genuine":
        yield request.getfixturevalue("genuine_peer"), 30.0, lambda: None
        return
    clock = VirtualClock()

    def pass_15() -> None:
        clock.wait_for_sleepers(3)  # two holds and a heartbeat
        clock.advance(15)

    with LocalPeer(clock=clock) as peer:
        yield peer, 0.0, pass_15


def test_thirty_idle_seconds(patient_peer: tuple[Peer, float, Pass]) -> None:
    """A long-poll is held for 30 s; SSE beats at 15 and 30 s and then repeats its control frame."""
    peer, lasts, pass_15 = patient_peer
    with client_of(peer.url, timeout=60) as http, ThreadPoolExecutor(1) as pool:
        run_id = gate(http, "idle")
        with listening(http, run_id) as arriving:
            assert next(arriving) == control(1)

            def held() -> tuple[httpx.Response, float]:
                began = time.monotonic()
                answer = http.get(f"/runs/{run_id}?offset=now&live=long-poll&cursor=1")
                return answer, time.monotonic() - began

            polling = pool.submit(held)
            pass_15()
            assert next(arriving) == ": heartbeat"
            pass_15()
            idle = [next(arriving) for _ in range(3)]
            assert sorted(idle) == [": heartbeat", control(1), control(1)]  # timers race
            poll, lasted = polling.result()
        assert lasts - 0.5 < lasted < lasts + 15
        assert (poll.status_code, set(poll.headers)) == (204, POLL_204)
        assert poll.headers["stream-next-offset"] == offset(1)
        peer.release("idle")
