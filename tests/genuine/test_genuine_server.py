"""What the genuine server says on the wire: the facts that everything else is built upon.

Plain httpx, none of our own code. A test that fails here after an upgrade of Flue tells what has
changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.servers.flue import FlueServer
from tests.servers.http import client_of
from tests.servers.proxy import TcpProxy

UNKNOWN_RUN = "run_00000000000000000000000000"
BEYOND = "0000000000000000_0000000000009999"


@pytest.fixture
def api(genuine: FlueServer) -> Iterator[httpx.Client]:
    with client_of(genuine.url, timeout=40) as client:
        yield client


def start(api: httpx.Client, workflow: str, **body: Any) -> str:
    answer = api.post(f"/workflows/{workflow}", **body)
    assert answer.status_code == 202
    assert set(answer.json()) == {"runId"}
    return str(answer.json()["runId"])


def finish(api: httpx.Client, workflow: str, **body: Any) -> str:
    answer = api.post(f"/workflows/{workflow}?wait=result", **body)
    assert answer.status_code == 200
    assert set(answer.json()) == {"runId", "result"}
    return str(answer.json()["runId"])


def pages(api: httpx.Client, run: str) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    offset, more = "-1", True
    while more:
        answer = api.get(f"/runs/{run}", params={"offset": offset})
        found.append(answer.json())
        offset = answer.headers["stream-next-offset"]
        more = "stream-up-to-date" not in answer.headers
    return found


def events(api: httpx.Client, run: str) -> list[dict[str, Any]]:
    return [event for page in pages(api, run) for event in page]


def frames(text: str) -> list[tuple[str, Any]]:
    """Split a whole event stream at its blank lines, and only there."""
    named = (frame.partition("\ndata:") for frame in text.split("\n\n") if frame)
    return [(name.removeprefix("event: "), json.loads(data)) for name, _, data in named]


def lines_of_data(lines: Iterator[str]) -> Iterator[str]:
    return (line.removeprefix("data:") for line in lines if line.startswith("data:"))


def error_of(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert {"type", "message", "details"} <= set(error)
    return answer.status_code, error["type"]


@pytest.mark.parametrize("value", [None, {}, [], 0, "x", {"a": [None]}, [1, "\u2028"]])
def test_any_json_value_is_a_legal_bare_input(api: httpx.Client, value: Any) -> None:
    headers = {"content-type": "application/json"}
    run = finish(api, "echo", content=json.dumps(value), headers=headers)
    record = api.get(f"/runs/{run}?meta").json()
    assert record["input"] == record["result"] == value


def test_no_input_is_absent_from_the_record_and_from_run_start(api: httpx.Client) -> None:
    run = finish(api, "bare")
    record = api.get(f"/runs/{run}?meta").json()
    assert "input" not in record
    assert record["result"] is None
    assert "input" not in events(api, run)[0]


def test_a_failed_run_under_wait_is_a_500_that_names_no_run(api: httpx.Client) -> None:
    answer = api.post("/workflows/fail?wait=result", json={})
    assert error_of(answer) == (500, "internal_error")
    assert "run_" not in answer.text


def test_a_failed_run_keeps_its_error_in_record_and_events(api: httpx.Client) -> None:
    run = start(api, "fail", json={})
    with api.stream("GET", f"/runs/{run}?offset=-1&live=sse") as stream:
        stream.read()
    record = api.get(f"/runs/{run}?meta").json()
    assert record["status"] == "errored" and record["isError"] is True
    last = events(api, run)[-1]
    assert last["type"] == "run_end" and last["result"] is None
    assert last["error"] == record["error"] == {"name": "TypeError", "message": "boom: kaput"}


@pytest.mark.parametrize("wait", ["", "?wait=result"])
def test_input_that_the_schema_rejects_starts_no_run(
    api: httpx.Client, genuine: FlueServer, wait: str
) -> None:
    before = genuine.runs("summarize")
    answer = api.post(f"/workflows/summarize{wait}", json={"text": 1})
    assert error_of(answer) == (500, "action_input_validation")
    assert answer.json()["error"]["meta"]["issues"][0]["path"] == ["text"]
    assert genuine.runs("summarize") == before


def test_input_to_a_workflow_without_a_schema_is_refused(api: httpx.Client) -> None:
    assert error_of(api.post("/workflows/bare", json={})) == (500, "workflow_input_unexpected")


def test_malformed_requests_have_typed_errors(api: httpx.Client) -> None:
    as_json = {"content-type": "application/json"}
    as_text = {"content-type": "text/plain"}
    post = api.post
    assert error_of(post("/workflows/nothing")) == (404, "workflow_not_found")
    bad = post("/workflows/echo", content="{", headers=as_json)
    assert error_of(bad) == (400, "invalid_json")
    text = post("/workflows/echo", content="x", headers=as_text)
    assert error_of(text) == (415, "unsupported_media_type")
    got = api.get("/workflows/echo")
    assert error_of(got) == (405, "method_not_allowed")
    assert got.headers["allow"] == "POST"


def test_a_run_of_a_workflow_without_runs_export_looks_unknown(api: httpx.Client) -> None:
    hidden = finish(api, "hidden", json={"a": 1})
    for query in ("", "?meta", "?offset=-1&live=sse"):
        refused = api.get(f"/runs/{hidden}{query}")
        unknown = api.get(f"/runs/{UNKNOWN_RUN}{query}")
        assert error_of(refused) == error_of(unknown) == (404, "run_not_found")
        assert refused.text.replace(hidden, "") == unknown.text.replace(UNKNOWN_RUN, "")


@pytest.mark.parametrize(
    "query",
    [
        "tail=0", "tail=-1", "tail=1.5", "tail=1&tail=2", "offset=-1&offset=-1", "offset=abc",
        "offset=-1&live=maybe", "live=sse", "live=long-poll",
    ],
)  # fmt: skip
def test_bad_stream_parameters_are_invalid_requests(api: httpx.Client, query: str) -> None:
    run = finish(api, "bare")
    assert error_of(api.get(f"/runs/{run}?{query}")) == (400, "invalid_request")


def test_a_page_holds_at_most_100_events(api: httpx.Client) -> None:
    run = finish(api, "flood", json={"n": 250})
    sizes = [len(page) for page in pages(api, run)]
    assert sizes == [100, 100, 52]
    first = api.get(f"/runs/{run}")
    assert "stream-closed" not in first.headers
    polled = api.get(f"/runs/{run}?offset=-1&live=long-poll")
    assert len(polled.json()) == 100 and "stream-up-to-date" not in polled.headers


def test_tail_moves_the_start_of_a_full_read_only(api: httpx.Client) -> None:
    run = finish(api, "flood", json={"n": 20})
    tail = api.head(f"/runs/{run}").headers["stream-next-offset"]
    assert len(api.get(f"/runs/{run}?tail=3").json()) == 3
    assert len(api.get(f"/runs/{run}?offset=-1&live=long-poll&tail=3").json()) == 3
    assert api.get(f"/runs/{run}", params={"offset": tail, "tail": 3}).json() == []
    assert api.get(f"/runs/{run}?offset=now&tail=3").json() == []


def test_only_a_head_tells_the_tail_from_an_offset_beyond_it(api: httpx.Client) -> None:
    run = finish(api, "bare")
    head = api.head(f"/runs/{run}")
    tail = head.headers["stream-next-offset"]
    assert head.headers["stream-closed"] == "true" and head.content == b""
    for offset in (tail, BEYOND):
        read = api.get(f"/runs/{run}", params={"offset": offset})
        assert (read.json(), read.headers["stream-next-offset"]) == ([], offset)
        polled = api.get(f"/runs/{run}", params={"offset": offset, "live": "long-poll"})
        assert polled.status_code == 204
        assert {read.headers["stream-closed"], polled.headers["stream-closed"]} == {"true"}


def test_an_etag_that_still_matches_is_a_304(api: httpx.Client) -> None:
    run = finish(api, "bare")
    etag = api.get(f"/runs/{run}").headers["etag"]
    again = api.get(f"/runs/{run}", headers={"if-none-match": etag})
    assert again.status_code == 304
    assert "stream-next-offset" not in again.headers


def test_event_stream_frames_come_in_pairs_and_end_closed(api: httpx.Client) -> None:
    run = finish(api, "flood", json={"n": 250})
    answer = api.get(f"/runs/{run}?offset=-1&live=sse")
    assert answer.headers["content-type"] == "text/event-stream"
    named = frames(answer.text)
    assert [name for name, _ in named] == ["data", "control"] * 3
    controls = [data for name, data in named if name == "control"]
    assert [set(control) for control in controls[:-1]] == [{"streamNextOffset", "streamCursor"}] * 2
    assert set(controls[-1]) == {"streamNextOffset", "streamClosed"}
    streamed = [event for name, data in named if name == "data" for event in data]
    assert streamed == events(api, run)


def test_live_reads_wait_for_the_next_event(api: httpx.Client, genuine: FlueServer) -> None:
    key = uuid4().hex
    run = start(api, "gate", json={"key": key})
    genuine.emit(key, message="first")
    tail = api.head(f"/runs/{run}").headers["stream-next-offset"]
    assert api.get(f"/runs/{run}?meta").json()["status"] == "active"
    with TcpProxy(("127.0.0.1", genuine.port)) as proxy, ThreadPoolExecutor() as pool:
        url = f"{proxy.url}/runs/{run}?offset={tail}&live=long-poll"
        poll = pool.submit(httpx.get, url, timeout=40, trust_env=False)
        with api.stream("GET", f"/runs/{run}?offset={tail}&live=sse") as live:
            lines = live.iter_lines()
            assert json.loads(next(lines_of_data(lines)))["upToDate"] is True
            assert proxy.wait_until(lambda: proxy.bytes_to_server > 0)
            assert not poll.done()
            genuine.emit(key, message="second")
            assert [event["message"] for event in poll.result().json()] == ["second"]
            assert poll.result().headers["stream-cursor"]
            assert json.loads(next(lines_of_data(lines)))[0]["message"] == "second"
            genuine.release(key, result={"done": True})
            assert json.loads(list(lines_of_data(lines))[-1])["streamClosed"] is True
    assert api.get(f"/runs/{run}?meta").json()["result"] == {"done": True}


def test_every_kind_of_text_survives_inside_one_data_line(api: httpx.Client) -> None:
    run = finish(api, "unicode", json={"bytes": 200_000})
    logs = [event for event in events(api, run) if event["type"] == "log"]
    texts = {event["attributes"].get("name"): event["message"] for event in logs}
    assert texts["highHalf"] == "\ud83d" and texts["nextLine"] == "a\x85b"
    assert api.get(f"/runs/{run}?meta").json()["result"].items() <= texts.items()
    stream = api.get(f"/runs/{run}?offset=-1&live=sse")
    assert "a\u2028b\u2029c".encode() in stream.content  # raw, not escaped
    (data, _) = frames(stream.text)
    assert data == ("data", events(api, run))


def test_the_app_provokes_every_event_type(api: httpx.Client, genuine: FlueServer) -> None:
    seen: dict[str, dict[str, Any]] = {}
    for run in (
        finish(api, "research"),
        finish(api, "operations", json={}),
        finish(api, "compaction"),
    ):
        seen |= {event["type"]: event for event in events(api, run)}
    interrupted = start(api, "gate", json={"key": uuid4().hex})
    genuine.recover(interrupted)
    seen |= {event["type"]: event for event in events(api, interrupted)}
    # Settled submissions are events of an agent's own stream, never of a run.
    agent = f"/agents/clerk/{uuid4().hex}"
    assert api.post(f"{agent}?wait=result", json={"message": "hello"}).status_code == 200
    seen |= {event["type"]: event for event in api.get(agent).json()}
    assert set(seen) == {
        "run_start", "run_resume", "run_end", "agent_start", "agent_end", "idle", "turn_start",
        "turn_messages", "turn", "message_start", "message_end", "text_delta", "thinking_start",
        "thinking_delta", "thinking_end", "tool_start", "tool", "task_start", "task",
        "operation_start", "operation", "compaction_start", "compaction", "log",
        "submission_settled",
    }  # fmt: skip
    assert all(event["v"] == 3 for event in seen.values())


def test_event_indexes_rise_with_gaps_in_a_model_run(api: httpx.Client) -> None:
    found = events(api, finish(api, "research"))
    indexes = [event["eventIndex"] for event in found]
    assert indexes == sorted(set(indexes))
    assert indexes[-1] > len(indexes) - 1
    deltas = "".join(event["text"] for event in found if event["type"] == "text_delta")
    assert deltas.encode("utf-16", "surrogatepass").decode("utf-16").endswith("42 \U0001f600.")


def test_the_workflows_do_what_they_say(api: httpx.Client, genuine: FlueServer) -> None:
    def result(workflow: str, **body: Any) -> Any:
        return api.get(f"/runs/{finish(api, workflow, **body)}?meta").json()["result"]

    assert result("summarize", json={"text": "a b c d"}) == {"summary": "a b c"}
    assert result("ticker", json={"n": 3, "ms": 1}) == {"ticks": 3}
    assert result("slow", json={"ms": 1}) == {"slept": 1}
    assert result("operations", json={}) == {"exitCode": 3, "failed": True}
    assert result("compaction") == {"refused": True}
    key = uuid4().hex
    run = start(api, "gate", json={"key": key})
    genuine.emit(key, count=5)
    now = "2026-11-22T00:00:00.000Z"
    genuine.append(run, {"type": "novelty", "v": 3, "eventIndex": 99, "timestamp": now})
    genuine.release(key, error="told to")
    api.get(f"/runs/{run}?offset=-1&live=sse")
    kinds = [event["type"] for event in events(api, run)]
    assert kinds == ["run_start", *["log"] * 6, "novelty", "run_end"]


def test_a_mount_prefix_and_a_token_are_respected() -> None:
    with FlueServer(mount="/api", token="s3cret") as server:
        url = f"{server.url}/workflows/bare?wait=result"
        assert httpx.post(url, trust_env=False).status_code == 401
        headers = {"authorization": "Bearer s3cret"}
        assert httpx.post(url, headers=headers, trust_env=False).status_code == 200


def test_a_database_keeps_runs_over_a_crash_and_leaves_open_ones_open(tmp_path: Path) -> None:
    with FlueServer(database=tmp_path / "runs.sqlite3") as server:
        with client_of(server.url) as api:
            done = finish(api, "bare")
            key = uuid4().hex
            cut = start(api, "gate", json={"key": key})
            server.emit(key)
        server.restart(crash=True)
        with client_of(server.url) as api:
            assert api.get(f"/runs/{done}?meta").json()["status"] == "completed"
            assert api.get(f"/runs/{cut}?meta").json()["status"] == "active"
            assert "stream-closed" not in api.head(f"/runs/{cut}").headers
            server.recover(cut)
            assert [event["type"] for event in events(api, cut)][-2:] == ["run_resume", "run_end"]


def test_without_a_database_a_restart_forgets_all_runs() -> None:
    with FlueServer() as server:
        with client_of(server.url) as api:
            run = finish(api, "bare")
        server.restart()
        answer = httpx.get(f"{server.url}/runs/{run}", trust_env=False)
        assert error_of(answer) == (404, "run_not_found")
