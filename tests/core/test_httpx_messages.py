"""Requests of ours as httpx's."""

from __future__ import annotations

from math import inf

import httpx
import pytest

from flue_client_ext._http import httpx_messages
from flue_client_ext._http.httpx_messages import build_request, timeouts
from flue_client_ext._values.http import Request
from flue_client_ext._values.limits import LIMITS

URL = "http://h/runs/run_1?meta=&offset=1"


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
        (45.0, inf, (LIMITS.connect, 45.0, 45.0, LIMITS.pool)),
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
