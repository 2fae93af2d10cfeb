"""An answer with everything taken out that no two servers share: ids, times, cursors, prose."""

from __future__ import annotations

import re

import attrs
import httpx

_MASKS = (
    (re.compile(r"run_[0-9A-HJKMNP-TV-Z]{26}"), "<run>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "<time>"),
    (re.compile(r'"durationMs":\d+'), '"durationMs":<n>'),
    (re.compile(r'"streamCursor":"\d+"'), '"streamCursor":"<cursor>"'),
    (re.compile(r'"cnVucy9y[A-Za-z0-9+/=]+:'), '"<path>:'),
    (re.compile(r"parser reported: .*?\\nVerify"), "parser reported: <prose>\\\\nVerify"),
)
_HEADER_MASKS = {"date": "<date>", "stream-cursor": "<cursor>"}

RUN_ID = re.compile(r"run_[0-9A-HJKMNP-TV-Z]{26}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def masked(text: str) -> str:
    """Replace what differs from run to run."""
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


@attrs.frozen
class Seen:
    """What a client sees of an answer."""

    status: int
    headers: dict[str, str]
    body: str


def seen(response: httpx.Response) -> Seen:
    """Return an answer, masked; the body's own length is left to the transport to check."""
    headers = {
        name: _HEADER_MASKS.get(name, masked(value))
        for name, value in response.headers.items()
        if name != "content-length" or response.request.method == "HEAD"
    }
    return Seen(response.status_code, headers, masked(response.text))


def frames(body: str) -> list[str]:
    """Split an SSE body at its blank lines, without the empty rest."""
    parts = body.split("\n\n")
    assert parts[-1] == "", "an SSE body ends with a blank line"
    return parts[:-1]
