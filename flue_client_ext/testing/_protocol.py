"""The read protocol without I/O: query parameters in, statuses, headers and bodies out.

Offsets, cursors, validators and the rules for each parameter stand here and nowhere else.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Sequence
from urllib.parse import unquote_plus

import attrs

from . import _errors as errors
from ._json import dumps, encode
from ._store import Page

JSON = ("content-type", "application/json")
SAFE = (("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "cross-origin"))
NO_STORE = ("cache-control", "no-store")

_CURSOR_EPOCH, _CURSOR_SECONDS = 1_728_432_000, 20
_OFFSET = re.compile(r"\d+_(\d+)", re.ASCII)
_TAIL = re.compile(r"[1-9]\d*", re.ASCII)


@attrs.frozen
class Answer:
    """One complete answer; `texts` are the events in `body`, for faults that count events."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    texts: Sequence[str] = ()


@attrs.frozen
class Read:
    """A read that has been understood: `offset` is as it was given, for the validator."""

    offset: str
    tail: int | None
    live: str | None
    cursor: str | None


def parse_query(raw: str) -> list[tuple[str, str]]:
    """Split a query string as `URLSearchParams` does: every pair counts, empty values too."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def parse_read(query: Sequence[tuple[str, str]]) -> Read:
    """Understand a read's parameters, or raise the genuine server's 400."""
    values = {
        name: [v for n, v in query if n == name] for name in ("offset", "tail", "live", "cursor")
    }
    for name in ("offset", "tail"):
        if len(values[name]) > 1:
            raise errors.invalid_request(f"Duplicate {name} parameters are not allowed.")
    tail = values["tail"][0] if values["tail"] else None
    if tail is not None and not _TAIL.fullmatch(tail):
        raise errors.invalid_request("Tail must be an integer greater than or equal to 1.")
    live = values["live"][0] if values["live"] else None
    if live is not None and not values["offset"]:
        raise errors.invalid_request("Offset is required for live mode.")
    if live not in (None, "long-poll", "sse"):
        raise errors.invalid_request('Invalid live mode. Use "long-poll" or "sse".')
    offset = values["offset"][0] if values["offset"] else "-1"
    if offset not in ("-1", "now") and not _OFFSET.fullmatch(offset):
        raise errors.invalid_request("Invalid offset format.")
    cursor = values["cursor"][0] if values["cursor"] else None
    return Read(offset, None if tail is None else int(tail), live, cursor)


def waits(query: Sequence[tuple[str, str]]) -> bool:
    """Say whether an invocation waits for its result, or raise the genuine server's 400."""
    wait = [value for name, value in query if name == "wait"]
    if wait not in ([], ["result"]):
        got = "Array" if len(wait) > 1 else dumps(wait[0])
        wrong = f'wait: Invalid type: Expected "result" but received {got}'
        raise errors.invalid_request(f"Invalid query parameters: {wrong}")
    return bool(wait)


def offset_of(sequence: int) -> str:
    """Write a sequence number as an offset."""
    return "-1" if sequence == -1 else f"{0:016d}_{sequence:016d}"


def sequence_of(offset: str) -> int:
    """Return the sequence number after which an offset (not `now`) reads."""
    match = _OFFSET.fullmatch(offset)
    return int(match[1]) if match else -1


def start_of(read: Read, head: int) -> str:
    """Resolve `tail` and a live `now` into the offset that is read, and named in the validator."""
    if read.offset == "now" and read.live is not None:
        return offset_of(head)
    if read.offset == "-1" and read.tail is not None:
        return offset_of(max(-1, head - read.tail))
    return read.offset


def cursor_after(given: str | None, now: float) -> str:
    """Return the cursor for this moment; one that is ahead of time moves on by chance."""
    current = int((now - _CURSOR_EPOCH) // _CURSOR_SECONDS)
    match = re.match(r"\s*[+-]?\d+", given or "", re.ASCII)
    if match is None or int(match[0]) < current:
        return str(current)
    return str(int(match[0]) + random.randint(1, 180))


def etag(path: str, start: str, end: str, closed: bool) -> str:
    """Return the validator of a read: the stream's path, where it starts and ends, and closure."""
    coded = base64.b64encode(path.encode("utf-8", "replace")).decode()
    return f'"{coded}:{start}:{end}{":c" if closed else ""}"'


def _state(page: Page) -> tuple[tuple[str, str], ...]:
    up = (("Stream-Up-To-Date", "true"),) if page.up_to_date else ()
    return (*up, ("Stream-Closed", "true")) if page.up_to_date and page.closed else up


def json_array(texts: Sequence[str]) -> bytes:
    """Join event texts into one JSON array."""
    return encode(f"[{','.join(texts)}]")


def problem(error: errors.Problem) -> Answer:
    """Write a refusal."""
    safe = tuple((name.lower(), value) for name, value in SAFE)
    headers = (JSON, *safe, *error.headers.items())
    return Answer(error.status, headers, encode(dumps(error.envelope())))


def catch_up(path: str, start: str, page: Page, if_none_match: str | None) -> Answer:
    """Answer a plain read; `now` has no validator, since it means another place every time."""
    end = offset_of(page.last)
    tag = etag(path, start, end, page.closed and page.up_to_date)
    tags = () if start == "now" else (("etag", tag),)
    if tags and if_none_match == tag:
        return Answer(304, (("etag", tag), *SAFE))
    headers = (JSON, ("Stream-Next-Offset", end), NO_STORE, *SAFE, *tags, *_state(page))
    return Answer(200, headers, json_array(page.texts), page.texts)


def poll(path: str, start: str, page: Page, cursor: str | None, now: float) -> Answer:
    """Answer a long-poll: a page with a cursor, or without events none of its body."""
    cursor = cursor_after(cursor, now)
    if not page.texts:
        return _empty_poll(offset_of(sequence_of(start)), cursor, page.closed)
    end = offset_of(page.last)
    tag = etag(path, start, end, page.closed and page.up_to_date)
    place = (("Stream-Next-Offset", end), ("Stream-Cursor", cursor))
    headers = (JSON, NO_STORE, *SAFE, *place, *_state(page), ("etag", tag))
    return Answer(200, headers, json_array(page.texts), page.texts)


def _empty_poll(end: str, cursor: str, closed: bool) -> Answer:
    place = (("Stream-Next-Offset", end), ("Stream-Up-To-Date", "true"), ("Stream-Cursor", cursor))
    return Answer(204, (*SAFE, *place, *((("Stream-Closed", "true"),) if closed else ())))


def head(path: str, last: int, closed: bool) -> Answer:
    """Answer a HEAD: the true tail of the stream, without a body."""
    end = offset_of(last)
    state = (("Stream-Closed", "true"),) if closed else ()
    place = (("Stream-Next-Offset", end), ("Stream-Up-To-Date", "true"), NO_STORE)
    tag = ("etag", etag(path, "-1", end, closed))
    return Answer(200, (JSON, *SAFE, *place, *state, tag))


def data_frame(texts: Sequence[str]) -> bytes:
    """One SSE frame with a batch of events."""
    return b"event: data\ndata:" + json_array(texts) + b"\n\n"


def control_frame(end: str, cursor: str, up_to_date: bool, closed: bool) -> bytes:
    """The SSE frame after each batch; the last of a stream has neither cursor nor tail."""
    if closed:
        return control_of({"streamNextOffset": end, "streamClosed": True}, False)
    return control_of({"streamNextOffset": end, "streamCursor": cursor}, up_to_date)


def control_of(fields: dict[str, object], up_to_date: bool) -> bytes:
    """Write a control frame; `upToDate` stands last, and only where it is so."""
    told = {**fields, **({"upToDate": True} if up_to_date else {})}
    return b"event: control\ndata:" + encode(dumps(told)) + b"\n\n"


DATA_LEAD = len(b"event: data\ndata:[")
HEARTBEAT = b": heartbeat\n\n"
EVENT_STREAM = (("content-type", "text/event-stream"), ("cache-control", "no-cache"), *SAFE)
