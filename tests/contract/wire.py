"""An answer with everything taken out that no two servers share: ids, times, cursors, prose."""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs
import httpx

_MASKS = (
    (re.compile(r"\b(run|sub|inst|conv|inc|turn|entry|err)_[0-9A-HJKMNP-TV-Z]{26}"), r"<\1>"),
    (re.compile(r"\bsub_ik_[0-9a-f]{32}"), "<key>"),
    (re.compile(r"\bentry_direct_[A-Za-z0-9_-]+"), "<entry>"),
    (re.compile(r"\bcall_[0-9a-f-]{36}"), "<call>"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<origin>"),
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

    def without(self, *words: str) -> Seen:
        """Replace what a test has named itself."""
        body, headers = self.body, dict(self.headers)
        for word in words:
            body = body.replace(word, "<id>")
            headers = {name: value.replace(word, "<id>") for name, value in headers.items()}
        return Seen(self.status, headers, body)

    def masking(self, masks: Mapping[re.Pattern[str], str]) -> Seen:
        """Replace further patterns, in the body and the headers."""
        body, headers = self.body, dict(self.headers)
        for pattern, mask in masks.items():
            body = pattern.sub(mask, body)
            headers = {name: pattern.sub(mask, value) for name, value in headers.items()}
        return Seen(self.status, headers, body)


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
