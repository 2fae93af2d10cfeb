"""Every fault, seen from the client's end of a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

import httpx
import pytest

from flue_client_ext.testing import LocalFlue, VirtualClock, faults
from tests.local.support import ended, gates, waiting, with_workflows
from tests.patience import patiently
from tests.servers.http import client_of

SSE = "?offset=-1&live=sse"
POLL = "?offset=-1&live=long-poll"


@pytest.fixture
def run(server: LocalFlue) -> str:
    """A closed run of five events."""
    return ended(server, "count", 3)


def read(http: httpx.Client, path: str) -> tuple[bytes, Exception | None]:
    """Read an answer to whatever end it comes; return what came and how it ended."""
    body = b""
    try:
        with http.stream("GET", path) as response:
            for chunk in response.iter_raw():
                body += chunk
    except httpx.TransportError as error:
        return body, error
    return body, None


@pytest.mark.odd_answers
@pytest.mark.parametrize("query", ["", POLL, SSE])
@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ("clean", None),
        ("eof", None),
        ("close", httpx.RemoteProtocolError),
        ("chunk", httpx.RemoteProtocolError),
        ("length", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
    ],
)
def test_a_cut_gives_the_wanted_events_whole_and_then_the_wanted_ending(
    server: LocalFlue,
    http: httpx.Client,
    run: str,
    how: faults.How,
    ending: type[Exception] | None,
    query: str,
) -> None:
    server.inject(faults.Cut(after_events=2, how=how))
    body, error = read(http, f"/runs/{run}{query}")
    assert (error if error is None else type(error)) == ending
    assert body.count(b'"timestamp"') == 2 + (how == "chunk" and b'"timestamp"' in body[-10:])
    if how != "chunk":
        assert body.endswith(b"}")
    assert len(http.get(f"/runs/{run}").json()) == 5, "it strikes once"


@pytest.mark.odd_answers
def test_a_cut_after_bytes_counts_the_bytes_of_the_body(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    for query in ("", SSE):
        whole, _ = read(http, f"/runs/{run}{query}")
        for place in (0, 1, 100, len(whole)):
            server.inject(faults.Cut(after_bytes=place, how="clean"))
            assert read(http, f"/runs/{run}{query}") == (whole[:place], None)


@pytest.mark.parametrize("how", ["clean", "close", "reset", "chunk", "length", "eof"])
def test_a_cut_beyond_the_end_leaves_a_page_as_it_is(
    server: LocalFlue, http: httpx.Client, run: str, how: faults.How
) -> None:
    plain = http.get(f"/runs/{run}")
    server.inject(faults.Cut(after_events=99, how=how))
    same = http.get(f"/runs/{run}")
    assert same.content == plain.content
    assert same.headers["content-length"] == plain.headers["content-length"]


def test_a_cut_without_a_place_comes_before_the_head(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    server.inject(faults.Cut())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        http.get(f"/runs/{run}")
    server.inject(faults.Cut(how="reset"))
    with pytest.raises(httpx.ReadError):
        http.get(f"/runs/{run}")


def test_a_cut_between_data_and_control_leaves_a_batch_without_its_offset(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    server.inject(faults.Cut(after_events=5), live="sse")
    body, _ = read(http, f"/runs/{run}{SSE}")
    assert body.startswith(b"event: data\n")
    assert b"event: control" not in body


def test_a_stalled_answer_keeps_the_connection_and_sends_no_more(
    server: LocalFlue, run: str
) -> None:
    def attempt(seconds: float) -> None:
        server.inject(faults.Stall(after_events=1))
        with impatient(server, seconds) as http:
            body, error = read(http, f"/runs/{run}{SSE}")
        assert body.count(b'"timestamp"') == 1
        assert isinstance(error, httpx.ReadTimeout)

    patiently(attempt, 0.3, 2.0, 10.0)


def impatient(server: LocalFlue, seconds: float) -> httpx.Client:
    """A client that waits for each part of an answer for so long."""
    return client_of(server.url, timeout=httpx.Timeout(10, read=seconds))


def test_a_stall_before_the_head_is_a_timeout(server: LocalFlue, run: str) -> None:
    server.inject(faults.Stall())
    with impatient(server, 0.3) as http, pytest.raises(httpx.ReadTimeout):
        http.get(f"/runs/{run}")


def test_a_stall_of_so_many_seconds_ends(server: LocalFlue, http: httpx.Client, run: str) -> None:
    server.inject(faults.Stall(after_bytes=10, seconds=0.1))
    began = time.monotonic()
    assert len(http.get(f"/runs/{run}").json()) == 5
    assert time.monotonic() - began >= 0.1
    for place in (12 + 5 + 1, 10**9):  # between two parts it happens once, beyond the end never
        server.inject(faults.Stall(after_bytes=place, seconds=0.1))
        assert len(http.get(f"/runs/{run}{SSE}").text.split("\n\n")) == 3


def test_a_dripped_answer_is_the_same_in_small_pieces(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    whole, _ = read(http, f"/runs/{run}{SSE}")
    server.inject(faults.Drip(bytes=7))
    with http.stream("GET", f"/runs/{run}{SSE}") as response:
        pieces = list(response.iter_raw())
    assert b"".join(pieces) == whole
    assert len(pieces) > 20
    server.inject(faults.Drip())
    assert len(http.get(f"/runs/{run}").json()) == 5


def test_a_delay_is_before_the_request_is_handled(server: LocalFlue, http: httpx.Client) -> None:
    server.inject(faults.Delay(0.1), method="POST")
    began = time.monotonic()
    assert http.post("/workflows/count", json=1).status_code == 202
    assert time.monotonic() - began >= 0.1


@pytest.mark.odd_answers
@pytest.mark.parametrize("status", [200, 204, 401, 404, 429, 499, 502, 520, 524, 599, 999])
def test_any_status_can_be_answered_and_nothing_is_executed(
    server: LocalFlue, http: httpx.Client, status: int
) -> None:
    page = "<html><h1>524</h1></html>"
    server.inject(faults.Status(status, page, {"Retry-After": "7"}), workflow="count")
    answer = http.post("/workflows/count", json=1)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert answer.text == ("" if status == 204 else page)
    assert server.run_ids() == []


def test_a_status_takes_bytes_text_and_json(server: LocalFlue, http: httpx.Client) -> None:
    for body, kind, sent in [
        (b"\xff", "text/html", b"\xff"),
        ("é", "text/html", "é".encode()),
        (None, "application/json", b"null"),
        ({"error": {"type": "x"}}, "application/json", b'{"error":{"type":"x"}}'),
    ]:
        server.inject(faults.Status(500, body))
        answer = http.get("/")
        assert (answer.headers["content-type"], answer.content) == (kind, sent)
    server.inject(faults.Status(200, "<p>", {"Content-Type": "text/plain"}))
    assert http.get("/").headers.get_list("content-type") == ["text/plain"]


def test_a_duplicated_page_ends_where_the_read_started(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    offset = "0000000000000000_0000000000000002"
    for query in ("", "&live=long-poll"):
        server.inject(faults.Duplicate())
        again = http.get(f"/runs/{run}?offset={offset}{query}")
        assert [event["eventIndex"] for event in again.json()] == [0, 1, 2]
        assert again.headers["stream-next-offset"] == offset
        assert "stream-closed" not in again.headers


def test_a_duplicated_sse_batch_comes_twice_with_the_same_offset(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    server.inject(faults.Duplicate())
    frames = http.get(f"/runs/{run}{SSE}").text.split("\n\n")[:-1]
    assert frames[0] == frames[2]
    assert len(frames) == 4
    assert "upToDate" in frames[1]
    assert "streamClosed" in frames[3]
    offsets = [frame.split('"')[3] for frame in (frames[1], frames[3])]
    assert offsets[0] == offsets[1]


def test_an_empty_poll_is_204_at_once_and_loses_nothing(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    server.inject(faults.EmptyPoll())
    answer = http.get(f"/runs/{run}{POLL}")
    assert (answer.status_code, answer.headers["stream-next-offset"]) == (204, "-1")
    assert "stream-closed" not in answer.headers
    assert len(http.get(f"/runs/{run}{POLL}").json()) == 5


def test_a_dropped_stream_puts_a_saved_offset_beyond_its_head(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    offset = http.get(f"/runs/{run}").headers["stream-next-offset"]
    server.inject(faults.DropStream(keep=2))
    answer = http.get(f"/runs/{run}?offset={offset}")
    assert (answer.json(), answer.headers["stream-next-offset"]) == ([], offset)
    assert answer.headers["stream-closed"] == "true"
    head = http.head(f"/runs/{run}").headers
    assert head["stream-next-offset"] == "0000000000000000_0000000000000001"
    server.forget(run)
    assert http.get(f"/runs/{run}").status_code == 404


def test_a_changed_token_refuses_the_old_one_from_then_on(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    old, new = ({"authorization": f"Bearer {token}"} for token in ("old", "new"))
    server.token = "old"
    assert http.get(f"/runs/{run}").status_code == 401
    assert http.get(f"/runs/{run}", headers=old).status_code == 200
    server.inject(faults.ChangeToken("new"))
    statuses = [http.get(f"/runs/{run}", headers=h).status_code for h in (old, old, new)]
    assert statuses == [401, 401, 200]


def test_a_buffering_proxy_holds_sse_back_and_leaves_other_reads_alone(
    server: LocalFlue, http: httpx.Client
) -> None:
    run_id = http.post("/workflows/wait", json="buffered").json()["runId"]
    server.inject(faults.BufferSSE(), times=None)
    came = threading.Event()

    def follow() -> None:
        with httpx.stream("GET", f"{server.url}/runs/{run_id}{SSE}", timeout=20) as response:
            for _ in response.iter_raw():
                came.set()

    reader = threading.Thread(target=follow)
    reader.start()
    assert http.get(f"/runs/{run_id}{POLL}").status_code == 200
    assert not came.wait(0.2)
    gates["buffered"].set()
    assert came.wait(10)
    reader.join(10)


def test_a_buffer_of_some_bytes_lets_them_through(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    whole, _ = read(http, f"/runs/{run}{SSE}")
    server.inject(faults.BufferSSE(bytes=50))
    assert read(http, f"/runs/{run}{SSE}") == (whole, None)


@pytest.mark.parametrize(
    ("how", "ending"),
    [("clean", None), ("close", httpx.RemoteProtocolError), ("reset", httpx.ReadError)],
)
def test_live_connections_are_closed_after_some_seconds_of_the_clock(
    how: str, ending: type[Exception] | None
) -> None:
    clock = VirtualClock()
    server = with_workflows(LocalFlue(clock=clock))
    with server.run() as url, client_of(url) as http:
        run_id = waiting(server, f"closed-{how}")
        server.inject(faults.CloseLive(60, how), times=None)  # type: ignore[arg-type]
        body, seen = b"", None
        with http.stream("GET", f"/runs/{run_id}{SSE}") as response:
            pieces = response.iter_raw()
            for beats in range(4):
                while body.count(b": heartbeat") < beats:
                    body += next(pieces)
                clock.wait_for_sleepers(3)  # the fault's, the heartbeat's, the hold's
                clock.advance(15)
            try:
                body += b"".join(pieces)
            except httpx.TransportError as error:
                seen = type(error)
        assert seen == ending
        assert 3 <= body.count(b": heartbeat") <= 4
        assert b"streamClosed" not in body
        gates[f"closed-{how}"].set()


def test_a_held_long_poll_is_closed_without_a_head() -> None:
    server = with_workflows(LocalFlue(clock=VirtualClock(autojump=0.02)))
    with server.run() as url, client_of(url) as http:
        run_id = waiting(server, "polled")
        server.inject(faults.CloseLive(20))
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            http.get(f"/runs/{run_id}?offset=now&live=long-poll")
        gates["polled"].set()


def test_a_refusal_resets_and_with_seconds_the_port_is_closed_meanwhile() -> None:
    clock = VirtualClock()
    server = with_workflows(LocalFlue(clock=clock))
    with server.run() as url, client_of(url) as http:
        run = ended(server, "count", 3)
        server.inject(faults.Refuse())
        with pytest.raises(httpx.ReadError):
            http.get(f"/runs/{run}")
        assert http.get(f"/runs/{run}").status_code == 200
        server.inject(faults.Refuse(60))
        with pytest.raises(httpx.ReadError):
            http.get(f"/runs/{run}")
        clock.wait_for_sleepers()
        address = ("127.0.0.1", server.listener().port)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=10)
        clock.advance(60)
        deadline = time.monotonic() + 10
        while True:
            try:
                assert http.get(f"/runs/{run}").status_code == 200
                break
            except httpx.ConnectError:
                assert time.monotonic() < deadline
    server.close()


@pytest.mark.odd_answers
def test_faults_strike_by_method_run_workflow_live_mode_and_count(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    other = ended(server, "count", 1)
    teapot = faults.Status(418)

    def statuses(*paths: str) -> list[int]:
        return [http.get(path).status_code for path in paths]

    mine, theirs = f"/runs/{run}", f"/runs/{other}"
    with server.inject(teapot, run_id=run, times=None) as armed:
        assert statuses(mine, theirs, mine) == [418, 200, 418]
        assert armed.hits == 2
    assert statuses(mine) == [200]
    with server.inject(teapot, live="sse", times=None):
        assert statuses(mine, mine + POLL, mine + SSE) == [200, 200, 418]
    with server.inject(teapot, live=True, times=None):
        assert statuses(mine, mine + POLL, mine + SSE) == [200, 418, 418]
    with server.inject(teapot, live=False, times=None):
        assert statuses(mine, mine + POLL, mine + SSE) == [418, 200, 200]
    with server.inject(teapot, method="POST", workflow="count"):
        assert statuses(mine) == [200]
        assert http.post("/workflows/boom").status_code == 202
        assert http.post("/workflows/count", json=1).status_code == 418
        assert http.post("/workflows/count", json=1).status_code == 202
    server.inject(teapot, times=2, skip=1)
    assert statuses(mine, mine, mine, mine) == [200, 418, 418, 200]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        (faults.Cut(after_events=0), {"events", "sse", "poll"}),
        (faults.Cut(after_bytes=0), {"invoke", "head", "meta", "events", "sse", "poll"}),
        (faults.Stall(after_events=0, seconds=0), {"events", "sse", "poll"}),
        (faults.Duplicate(), {"events", "sse", "poll"}),
        (faults.DropStream(), {"events", "sse", "poll"}),
        (faults.EmptyPoll(), {"poll"}),
        (faults.BufferSSE(), {"sse"}),
        (faults.CloseLive(60), {"sse", "poll"}),
        (faults.Delay(0), {"invoke", "head", "meta", "events", "sse", "poll"}),
    ],
)
def test_a_fault_waits_for_a_request_to_which_it_applies(
    server: LocalFlue, run: str, fault: faults.Fault, struck: set[str]
) -> None:
    requests = {
        "invoke": ("POST", "/workflows/count"),
        "head": ("HEAD", f"/runs/{run}"),
        "meta": ("GET", f"/runs/{run}?meta&live=sse"),
        "events": ("GET", f"/runs/{run}"),
        "sse": ("GET", f"/runs/{run}{SSE}"),
        "poll": ("GET", f"/runs/{run}{POLL}"),
    }
    seen: set[str] = set()
    for name, (method, path) in requests.items():
        armed = server.inject(fault)
        with contextlib.suppress(httpx.TransportError):
            httpx.request(method, f"{server.url}{path}", json=1 if method == "POST" else None)
        seen |= {name} if armed.hits else set()
        armed.remove()
    assert seen == struck


def test_what_a_fault_cannot_strike_is_neither_counted_nor_skipped(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    class Odd(faults.Delay):
        def applies(self, request: faults.Request) -> bool:
            return request.param("odd") is not None

    armed = server.inject(Odd(0), skip=1, method="get")
    for query, hits in (("", 0), ("?odd", 0), ("", 0), ("?odd", 1), ("?odd", 1)):
        http.get(f"/runs/{run}{query}")
        assert armed.hits == hits


def test_chance_is_fixed_by_its_seed(server: LocalFlue, http: httpx.Client, run: str) -> None:
    def struck(seed: int) -> list[int]:
        with server.inject(faults.Status(503), chance=0.5, seed=seed, times=None):
            return [http.get(f"/runs/{run}?meta").status_code for _ in range(30)]

    first = struck(7)
    assert first == struck(7) != struck(8)
    assert {200, 503} == set(first)


@pytest.mark.odd_answers
def test_several_faults_may_strike_one_request(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    server.inject(faults.Drip(bytes=3))
    server.inject(faults.Cut(after_events=1, how="clean"))
    body, error = read(http, f"/runs/{run}")
    assert error is None
    assert body.count(b'"timestamp"') == 1


def test_a_fault_that_needs_a_socket_says_so_in_process() -> None:
    server = with_workflows(LocalFlue())
    server.inject(faults.Cut(how="reset"))

    async def ask() -> None:
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url="http://flue") as http:
            await http.get("/")

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(ask())
    assert "server.run()" in repr(raised.value.exceptions)


@pytest.mark.odd_answers
def test_a_fault_of_ones_own_is_a_class_with_one_method(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    class Odd(faults.Fault):
        async def strike(
            self, exchange: faults.Exchange, send: faults.Send, handle: faults.Handle
        ) -> None:
            async def changed(part: faults.Part) -> None:
                if isinstance(part, faults.Start):
                    part = faults.Start(299, part.headers)
                await send(part)

            await handle(changed)

    server.inject(Odd())
    assert http.get(f"/runs/{run}").status_code == 299


def test_a_fault_of_ones_own_may_change_the_server(
    server: LocalFlue, http: httpx.Client, run: str
) -> None:
    class Amnesia(faults.Fault):
        async def strike(
            self, exchange: faults.Exchange, send: faults.Send, handle: faults.Handle
        ) -> None:
            assert exchange.server.record(run)["status"] == "completed"
            exchange.server.forget(run)
            exchange.server.on_answer.append(lambda request, status: statuses.append(status))
            await handle(send)

    statuses: list[int] = []
    server.inject(Amnesia())
    assert http.get(f"/runs/{run}").status_code == 404
    assert server.run_ids() == [] and statuses == [404]
