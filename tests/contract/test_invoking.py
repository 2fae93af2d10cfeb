"""`POST /workflows/{name}`: admission, results, input, and who is refused with which words."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.contract.peers import Peer
from tests.contract.wire import RUN_ID, TIME, masked, seen

JSON = {"content-type": "application/json"}
COMMON = {"content-type", "date", "connection", "keep-alive", "content-length"}
REFUSAL = COMMON | {"x-content-type-options", "cross-origin-resource-policy"}


def started(http: httpx.Client, name: str, input: Any = None) -> str:
    return str(http.post(f"/workflows/{name}", json=input).json()["runId"])


def record(http: httpx.Client, run_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = http.get(f"/runs/{run_id}?meta").json()
    return answer


def test_an_admission_is_202_with_the_run_id_and_nothing_else(http: httpx.Client) -> None:
    answer = http.post("/workflows/summarize", json={"text": "a b"})
    assert answer.status_code == 202
    assert set(answer.headers) == COMMON
    assert masked(answer.text) == '{"runId":"<run>"}'
    assert RUN_ID.fullmatch(answer.json()["runId"])


def test_waiting_answers_result_before_run_id(http: httpx.Client) -> None:
    answer = http.post("/workflows/summarize?wait=result", json={"text": "a b c d"})
    assert (answer.status_code, set(answer.headers)) == (200, COMMON)
    assert masked(answer.text) == '{"result":{"summary":"a b c"},"runId":"<run>"}'


def test_no_result_is_null(http: httpx.Client) -> None:
    answer = http.post("/workflows/bare?wait=result")
    assert masked(answer.text) == '{"result":null,"runId":"<run>"}'
    end = http.get(f"/runs/{answer.json()['runId']}?tail=1").json()[0]
    assert end["result"] is None
    assert end["isError"] is False


def test_a_failed_run_answers_an_internal_error_without_a_run_id(http: httpx.Client) -> None:
    answer = http.post("/workflows/fail?wait=result", json={})
    assert (answer.status_code, set(answer.headers)) == (500, REFUSAL)
    assert answer.json() == {
        "error": {
            "type": "internal_error",
            "message": "An internal error occurred.",
            "details": "The server encountered an unexpected error while handling this request.",
        }
    }


def test_rejected_input_is_a_500_with_the_issues_whether_one_waits_or_not(
    http: httpx.Client,
) -> None:
    for path in ("/workflows/summarize", "/workflows/summarize?wait=result"):
        answer = http.post(path, json={"text": 5})
        assert (answer.status_code, set(answer.headers)) == (500, REFUSAL)
        assert answer.json()["error"] == {
            "type": "action_input_validation",
            "message": 'Action "workflow" input does not match the required schema.',
            "details": "",
            "meta": {
                "action": "workflow",
                "issues": [
                    {
                        "message": "Invalid type: Expected string but received 5",
                        "path": ["text"],
                    }
                ],
            },
        }


def test_a_workflow_without_schema_refuses_any_body_even_null(http: httpx.Client) -> None:
    for body in (b"null", b"{}", b'"x"'):
        answer = http.post("/workflows/bare", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["error"]["type"]) == (
            500,
            "workflow_input_unexpected",
        )


def test_input_left_out_and_null_are_different_things_in_the_record(http: httpx.Client) -> None:
    nothing, null = (
        http.post("/workflows/echo?wait=result", content=body, headers=JSON).json()
        for body in (b"", b"null")
    )
    assert (nothing["result"], null["result"]) == ({}, None)
    assert "input" not in record(http, nothing["runId"])
    assert record(http, null["runId"])["input"] is None
    first = http.get(f"/runs/{nothing['runId']}").json()[0]
    assert "input" not in first
    assert http.get(f"/runs/{null['runId']}").json()[0]["input"] is None


@pytest.mark.parametrize(
    "body",
    [
        '"text"',
        "[]",
        "0",
        "false",
        '{"a":[1,{"b":null}],"ä":"ö"}',
        "9007199254740993",
        "12345678901234567890",
        "1.0",
        "-0.0",
        "1e21",
        "5e-324",
        '"\\ud83d"',
        '"\\ud83d\\ude00"',
        '{"b":1,"10":2,"9":3,"a":4}',
    ],
)
def test_any_json_comes_back_as_javascript_would_write_it(
    genuine_peer: Peer, local_peer: Peer, body: str
) -> None:
    path = "/workflows/echo?wait=result"
    answers = [
        httpx.post(peer.url + path, content=body, headers=JSON)
        for peer in (genuine_peer, local_peer)
    ]
    assert seen(answers[0]) == seen(answers[1])
    assert answers[0].status_code == 200


def test_a_running_record_and_its_first_event_agree(peer: Peer, http: httpx.Client) -> None:
    run_id = started(http, "gate", {"key": "record"})
    answer = http.get(f"/runs/{run_id}?meta")
    assert set(answer.headers) == COMMON
    told = record(http, run_id)
    assert list(told) == ["runId", "workflowName", "status", "startedAt", "input"]
    assert (told["status"], told["input"]) == ("active", {"key": "record"})
    peer.release("record", result={"done": 1})
    http.get(f"/runs/{run_id}?offset=now&live=long-poll")
    first = http.get(f"/runs/{run_id}").json()[0]
    assert list(first)[:5] == ["type", "runId", "workflowName", "startedAt", "input"]
    assert first["startedAt"] == told["startedAt"]
    assert TIME.fullmatch(first["timestamp"])


def test_the_record_of_a_completed_run(http: httpx.Client) -> None:
    answer = http.post("/workflows/summarize?wait=result", json={"text": "a"}).json()
    assert masked(http.get(f"/runs/{answer['runId']}?meta").text) == (
        '{"runId":"<run>","workflowName":"summarize","status":"completed","startedAt":"<time>",'
        '"input":{"text":"a"},"endedAt":"<time>","isError":false,"durationMs":<n>,'
        '"result":{"summary":"a"}}'
    )


def test_the_record_and_the_events_of_a_failed_run(peer: Peer, http: httpx.Client) -> None:
    run_id = started(http, "fail", {})
    http.get(f"/runs/{run_id}?offset=-1&live=sse")
    assert masked(http.get(f"/runs/{run_id}?meta").text) == (
        '{"runId":"<run>","workflowName":"fail","status":"errored","startedAt":"<time>","input":{},'
        '"endedAt":"<time>","isError":true,"durationMs":<n>,'
        '"error":{"name":"TypeError","message":"boom: kaput"}}'
    )
    assert masked(http.get(f"/runs/{run_id}").text) == (
        '[{"type":"run_start","runId":"<run>","workflowName":"fail","startedAt":"<time>","input":{},'
        '"v":3,"eventIndex":0,"timestamp":"<time>"},'
        '{"type":"log","level":"error","message":"about to fail","attributes":{},"runId":"<run>",'
        '"v":3,"eventIndex":1,"timestamp":"<time>"},'
        '{"type":"run_end","runId":"<run>","result":null,"isError":true,'
        '"error":{"name":"TypeError","message":"boom: kaput"},"durationMs":<n>,'
        '"v":3,"eventIndex":2,"timestamp":"<time>"}]'
    )


def test_a_result_that_is_not_json_fails_the_run_by_name(http: httpx.Client) -> None:
    answer = http.post("/workflows/echo", content=b'{"x":1e400}', headers=JSON)
    run_id = answer.json()["runId"]
    http.get(f"/runs/{run_id}?offset=-1&live=sse")
    assert record(http, run_id)["error"] == {
        "name": "ActionOutputSerializationError",
        "message": 'Action "workflow" output is not JSON-serializable.',
    }


def test_a_run_outlives_the_caller_who_waited_for_it(peer: Peer, http: httpx.Client) -> None:
    brief = httpx.Timeout(10, read=0.3)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/workflows/gate?wait=result", json={"key": "abandoned"}, timeout=brief)
    peer.emit("abandoned", count=2)  # answers only when the run is there to carry it out
    peer.release("abandoned")


def test_a_hidden_workflow_can_be_invoked_and_its_runs_are_unknown(http: httpx.Client) -> None:
    answer = http.post("/workflows/hidden?wait=result", json={"a": 1}).json()
    assert answer["result"] == {"hidden": {"a": 1}}
    hidden, unknown = answer["runId"], "run_01M80VPRBM2M1KJM5VTAP25J3F"
    for query in ("", "?meta", "?offset=-1&live=sse", "?offset=zzz", "?live=zzz"):
        for method in ("GET", "HEAD", "DELETE"):
            a, b = (seen(http.request(method, f"/runs/{run}{query}")) for run in (hidden, unknown))
            assert a == b
            assert a.status == 404
    assert http.get(f"/runs/{hidden}").json() == {
        "error": {
            "type": "run_not_found",
            "message": f'Run "{hidden}" was not found.',
            "details": "Verify the run id is correct and its history is still available.",
        }
    }


def test_a_scripted_agent_has_the_events_of_a_real_one_field_by_field(
    genuine_peer: Peer, local_peer: Peer
) -> None:
    logs: list[list[Any]] = []
    for peer in (genuine_peer, local_peer):
        answer = httpx.post(f"{peer.url}/workflows/research?wait=result", timeout=30).json()
        assert answer["result"] == {"answer": "The answer is 42 \U0001f600."}
        events = httpx.get(f"{peer.url}/runs/{answer['runId']}").json()
        logs.append([[event["type"], event["eventIndex"], list(event)] for event in events])
    assert logs[0] == logs[1]


def test_halves_of_an_emoji_travel_as_escapes(peer: Peer, http: httpx.Client) -> None:
    run_id = http.post("/workflows/research?wait=result", timeout=30).json()["runId"]
    body = http.get(f"/runs/{run_id}").content
    assert b'"text":"The answer is 42 \\ud83d"' in body
    assert b'"text":"\\ude00."' in body
    assert "The answer is 42 \U0001f600.".encode() in body


def test_strange_text_is_raw_utf8_in_one_data_line(genuine_peer: Peer, local_peer: Peer) -> None:
    for query in ("", "?offset=-1&live=sse"):
        bodies: list[str] = []
        for peer in (genuine_peer, local_peer):
            path = f"{peer.url}/workflows/unicode?wait=result"
            run_id = httpx.post(path, json={"bytes": 100}).json()["runId"]
            body = httpx.get(f"{peer.url}/runs/{run_id}{query}").content
            assert "a\u2028b\u2029c".encode() in body
            assert "b\u0085"[1:].encode() in body
            assert b'"message":"\\ud83d"' in body
            assert b"\\u0000\\u0001\\u001f\x7f" in body
            bodies.append(masked(body.decode()))
        assert bodies[0] == bodies[1]


def test_the_body_may_come_in_chunks(http: httpx.Client) -> None:
    parts = iter([b'{"text":', b'"chunked"}'])
    answer = http.post("/workflows/summarize?wait=result", content=parts, headers=JSON)
    assert json.loads(answer.text)["result"] == {"summary": "chunked"}
