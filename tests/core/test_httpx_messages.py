"""Requests of ours as httpx's."""

from __future__ import annotations

import httpx
import pytest

from flue_client_ext._http import httpx_messages
from flue_client_ext._http.httpx_messages import build_request, timeouts
from flue_client_ext._values.http import Request

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
