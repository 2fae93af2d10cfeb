"""`GET` and `HEAD /runs/{runId}` without `live`: pages, offsets, `tail`, validators."""

from __future__ import annotations

import httpx
import pytest

from tests.contract.peers import Peer

PLAIN = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
}


def offset(sequence: int) -> str:
    return f"0000000000000000_{sequence:016d}"


@pytest.fixture
def flood(http: httpx.Client) -> str:
    """A closed run of 252 events: start, 250 logs, end."""
    return str(http.post("/workflows/flood?wait=result", json={"n": 250}).json()["runId"])


@pytest.fixture
def short(http: httpx.Client) -> str:
    """A closed run of 3 events."""
    path = "/workflows/summarize?wait=result"
    return str(http.post(path, json={"text": "a b"}).json()["runId"])


def test_a_page_holds_a_hundred_events_and_only_the_last_is_up_to_date(
    http: httpx.Client, flood: str
) -> None:
    sizes: list[int] = []
    at, indexes = "-1", list[int]()
    while True:
        page = http.get(f"/runs/{flood}", params={"offset": at})
        events = page.json()
        sizes.append(len(events))
        indexes += [event["eventIndex"] for event in events]
        at = page.headers["stream-next-offset"]
        assert at == offset(len(indexes) - 1)
        assert {name: page.headers[name] for name in PLAIN} == PLAIN
        if "stream-up-to-date" in page.headers:
            break
        assert "stream-closed" not in page.headers
    assert (sizes, indexes) == ([100, 100, 52], list(range(252)))
    assert page.headers["stream-up-to-date"] == page.headers["stream-closed"] == "true"


def test_exactly_a_hundred_events_are_one_page_that_is_up_to_date(http: httpx.Client) -> None:
    run_id = http.post("/workflows/flood?wait=result", json={"n": 98}).json()["runId"]
    page = http.get(f"/runs/{run_id}")
    assert (len(page.json()), page.headers["stream-up-to-date"]) == (100, "true")


@pytest.mark.parametrize(
    ("query", "count", "next_offset"),
    [
        ("", 3, offset(2)),
        ("?offset=-1", 3, offset(2)),
        ("?offset=now", 0, offset(2)),
        (f"?offset={offset(0)}", 2, offset(2)),
        ("?offset=0_0", 2, offset(2)),
        ("?offset=7_1", 1, offset(2)),
        (f"?offset={offset(2)}", 0, offset(2)),
        (f"?offset={offset(9)}", 0, offset(9)),
        ("?tail=1", 1, offset(2)),
        ("?tail=2&offset=-1", 2, offset(2)),
        ("?tail=3", 3, offset(2)),
        ("?tail=1000", 3, offset(2)),
        ("?tail=1&offset=now", 0, offset(2)),
        ("?tail=1&offset=0_0", 2, offset(2)),
        ("?cursor=5&foo=bar", 3, offset(2)),
        ("?META&Meta=1", 3, offset(2)),
    ],
)
def test_where_a_read_starts_and_ends(
    http: httpx.Client, short: str, query: str, count: int, next_offset: str
) -> None:
    page = http.get(f"/runs/{short}{query}")
    assert (page.status_code, len(page.json())) == (200, count)
    assert page.headers["stream-next-offset"] == next_offset
    assert page.headers["stream-closed"] == page.headers["stream-up-to-date"] == "true"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("offset=", "Invalid offset format."),
        ("offset", "Invalid offset format."),
        ("offset=0", "Invalid offset format."),
        ("offset=abc", "Invalid offset format."),
        ("offset=0_1x", "Invalid offset format."),
        ("offset=-2", "Invalid offset format."),
        ("offset=NOW", "Invalid offset format."),
        ("offset=-1&offset=-1", "Duplicate offset parameters are not allowed."),
        ("tail=1&tail=1", "Duplicate tail parameters are not allowed."),
        ("tail=0", "Tail must be an integer greater than or equal to 1."),
        ("tail=", "Tail must be an integer greater than or equal to 1."),
        ("tail=-1", "Tail must be an integer greater than or equal to 1."),
        ("tail=1.5", "Tail must be an integer greater than or equal to 1."),
        ("tail=01", "Tail must be an integer greater than or equal to 1."),
        ("tail=1e3", "Tail must be an integer greater than or equal to 1."),
        ("live=sse", "Offset is required for live mode."),
        ("live=", "Offset is required for live mode."),
        ("live=&offset=-1", 'Invalid live mode. Use "long-poll" or "sse".'),
        ("live=true&offset=-1", 'Invalid live mode. Use "long-poll" or "sse".'),
        ("live=SSE&offset=zzz", 'Invalid live mode. Use "long-poll" or "sse".'),
        ("live=sse&offset=zzz", "Invalid offset format."),
        ("offset=-1&offset=x&tail=0", "Duplicate offset parameters are not allowed."),
    ],
)
def test_a_malformed_read_is_refused_with_its_reason(
    http: httpx.Client, short: str, query: str, reason: str
) -> None:
    answer = http.get(f"/runs/{short}?{query}")
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {"type": "invalid_request", "message": "Request is malformed.", "details": reason}
    }


def test_the_record_ignores_stream_parameters(http: httpx.Client, short: str) -> None:
    plain = http.get(f"/runs/{short}?meta")
    for query in ("meta=", "meta=0", "offset=zzz&meta", "live=sse&offset=-1&meta", "meta&tail=0"):
        assert http.get(f"/runs/{short}?{query}").content == plain.content
    assert not [name for name in plain.headers if name.startswith(("stream-", "etag", "cache"))]


def test_a_validator_names_stream_start_end_and_closure(
    peer: Peer, http: httpx.Client, short: str
) -> None:
    tag = http.get(f"/runs/{short}").headers["etag"]
    path, start, end, closed = tag.strip('"').split(":")
    assert (start, end, closed) == ("-1", offset(2), "c")
    assert path
    assert (
        http.get(f"/runs/{short}?tail=1").headers["etag"] == f'"{path}:{offset(1)}:{offset(2)}:c"'
    )
    assert "etag" not in http.get(f"/runs/{short}?offset=now").headers
    run_id = http.post("/workflows/gate", json={"key": "open-tag"}).json()["runId"]
    assert http.get(f"/runs/{run_id}?offset=-1&live=long-poll").headers["etag"].count(":") == 2
    peer.release("open-tag")


def test_a_matching_validator_gives_304_on_a_plain_read_only(
    http: httpx.Client, short: str
) -> None:
    tag = http.get(f"/runs/{short}").headers["etag"]
    same = http.get(f"/runs/{short}", headers={"if-none-match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert set(same.headers) == {
        "etag",
        "x-content-type-options",
        "cross-origin-resource-policy",
        "date",
        "connection",
        "keep-alive",
    }
    for headers in (
        {"if-none-match": "*"},
        {"if-none-match": f"W/{tag}"},
        {"if-none-match": '"x"'},
    ):
        assert http.get(f"/runs/{short}", headers=headers).status_code == 200
    condition = {"if-none-match": tag}
    for query in ("?offset=-1&live=long-poll", "?offset=now", "?meta"):
        assert http.get(f"/runs/{short}{query}", headers=condition).status_code == 200
    assert http.head(f"/runs/{short}", headers=condition).status_code == 200


def test_head_tells_the_tail_without_body_or_length(
    peer: Peer, http: httpx.Client, short: str
) -> None:
    answer = http.head(f"/runs/{short}")
    assert (answer.status_code, answer.content) == (200, b"")
    names = {"stream-next-offset", "stream-up-to-date", "stream-closed", "etag", "date"}
    assert set(answer.headers) == {*PLAIN, *names, "connection", "keep-alive"}
    assert answer.headers["stream-next-offset"] == offset(2)
    assert answer.headers["etag"] == http.get(f"/runs/{short}").headers["etag"]
    for query in ("?meta", "?offset=zzz", "?live=sse", "?tail=0"):
        assert dict(http.head(f"/runs/{short}{query}").headers) | {"date": ""} == dict(
            answer.headers
        ) | {"date": ""}
    run_id = http.post("/workflows/gate", json={"key": "head"}).json()["runId"]
    peer.emit("head")
    assert "stream-closed" not in http.head(f"/runs/{run_id}").headers
    peer.release("head")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_on_a_run_are_405_with_what_is_allowed(
    http: httpx.Client, short: str, method: str
) -> None:
    answer = http.request(method, f"/runs/{short}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["error"] == {
        "type": "method_not_allowed",
        "message": f"HTTP method {method} is not allowed on this endpoint.",
        "details": 'This endpoint accepts "GET", "HEAD" only.',
    }
    assert http.request(method, "/runs/run_unknown").status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_on_a_workflow_are_405_whether_it_exists_or_not(
    http: httpx.Client, method: str
) -> None:
    for name in ("summarize", "nope"):
        answer = http.request(method, f"/workflows/{name}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
