"""Requests of ours as httpx's."""

from __future__ import annotations

from math import inf
from typing import Any

import httpx
import pytest

from flue_client_ext._http import httpx_messages
from flue_client_ext._http.httpx_messages import build_request, timeouts
from flue_client_ext._values.http import Request
from flue_client_ext._values.limits import LIMITS

URL = "http://h/runs/run_1?meta=&offset=1"


def by_name(sent: httpx.Request) -> list[tuple[bytes, bytes]]:
    return sorted(sent.headers.raw, key=lambda pair: pair[0].lower())


@pytest.mark.parametrize("params", [{}, {"key": "k"}])
def test_a_url_that_is_asked_for_again_is_parsed_once(params: dict[str, str]) -> None:
    httpx_messages._parsed.cache_clear()
    with httpx.Client(
        params=params, transport=httpx.MockTransport(lambda _: httpx.Response(200))
    ) as client:
        for _ in range(3):
            limits = timeouts(None, 1.0)
            sent = build_request(client, Request("GET", URL), limits, lambda event, info: None)
            assert dict(sent.url.params) == {"meta": "", "offset": "1", **params}
    assert httpx_messages._parsed.cache_info().misses == 1


@pytest.mark.parametrize(
    ("limit", "remaining", "expected"),
    [
        (None, inf, (LIMITS.connect, None, LIMITS.write, LIMITS.pool)),
        (90.0, inf, (LIMITS.connect, 90.0, LIMITS.write, LIMITS.pool)),
        (5.0, inf, (LIMITS.connect, LIMITS.read, LIMITS.write, LIMITS.pool)),
        (None, 20.0, (LIMITS.connect, 20.0, 20.0, 20.0)),
        (45.0, 2.0, (2.0, 2.0, 2.0, 2.0)),
        (45.0, -1.0, (0.001, 0.001, 0.001, 0.001)),
    ],
)
def test_no_operation_of_httpx_may_outlast_the_call(
    limit: float | None, remaining: float, expected: tuple[float | None, ...]
) -> None:
    with httpx.Client() as client:
        limits = timeouts(limit, remaining)
        sent = build_request(client, Request("GET", URL), limits, lambda event, info: None)
    told = sent.extensions["timeout"]
    assert (told["connect"], told["read"], told["write"], told["pool"]) == expected


@pytest.mark.parametrize(
    "own", [{}, {"user-agent": "ours", "x-own": "\xe9"}, {"cookie": "own=1", "accept": "a/b"}]
)
@pytest.mark.parametrize("body", [None, b"", b"{}"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"User-Agent": "theirs", "X-Other": "1"}, "cookies": {"c": "2"}},
        {"headers": [("x-own", "1"), ("X-Own", "2"), ("x-two", "1"), ("x-two", "2")]},
    ],
)
def test_headers_are_merged_as_httpx_merges_them(
    options: dict[str, Any], body: bytes | None, own: dict[str, str]
) -> None:
    with httpx.Client(**options) as client:
        request = Request("POST", URL, own, body)
        sent = build_request(client, request, timeouts(None, inf), lambda event, info: None)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in own.items()]
        httpx_own = client.build_request("POST", URL, headers=raw, content=body)
    # The order of headers of different names means nothing (RFC 9110 section 5.3).
    assert by_name(sent) == by_name(httpx_own)
