"""The routes of conversations without I/O: query parameters in, heads, bodies and frames out.

Offsets and the framing of SSE are those of runs (`_protocol`); what differs stands here: a read
may begin with a checkpoint chunk, nothing has a cursor or a validator, nothing is ever closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import attrs

from . import _errors as errors
from ._json import dumps, encode
from ._parts import Body
from ._protocol import (
    DATA_LEAD,
    JSON,
    NO_STORE,
    SAFE,
    Answer,
    control_of,
    data_frame,
    json_array,
    offset_of,
    sequence_of,
)
from ._store import Page

_OFFSET = re.compile(r"-1|\d+_\d+", re.ASCII)
PLAIN = (("Content-Type", "text/plain; charset=UTF-8"),)


@attrs.frozen
class Updates:
    """A read of updates that has been understood."""

    offset: str
    live: str | None

    @property
    def after(self) -> int:
        """The number of the batch after which it reads."""
        return sequence_of(self.offset)

    def broken(self, head: int) -> bool:
        """Whether the genuine server fails on its offset: not written as it does, nor its head."""
        return self.offset != offset_of(self.after) and self.after != head


def view_of(query: Sequence[tuple[str, str]]) -> str:
    """Return the view that is read, `history` or `updates`."""
    view = next((value for name, value in query if name == "view"), "history")
    if view not in ("history", "updates"):
        raise errors.invalid_request("Invalid agent conversation view. Use history or updates.")
    return view


def check_history(query: Sequence[tuple[str, str]]) -> None:
    """Refuse what a read of the history does not take."""
    if {"offset", "tail", "live"} & {name for name, _ in query}:
        raise errors.invalid_request(
            "History reads do not accept offset, tail, or live parameters."
        )


def parse_updates(query: Sequence[tuple[str, str]]) -> Updates:
    """Understand the parameters of a read of updates."""
    offsets, lives = ([v for n, v in query if n == name] for name in ("offset", "live"))
    if any(name == "tail" for name, _ in query):
        raise errors.invalid_request("Update streams do not accept tail.")
    if len(offsets) != 1:
        raise errors.invalid_request("Exactly one offset is required.")
    if not _OFFSET.fullmatch(offsets[0]):
        raise errors.invalid_request("Invalid offset format.")
    live = lives[0] if lives else None
    if live not in (None, "long-poll", "sse"):
        raise errors.invalid_request("Invalid live mode. Use long-poll or sse.")
    return Updates(offsets[0], live)


def first_chunks(incarnation: str | None) -> list[str]:
    """Return what every read of updates begins with; `None` where a stream has no incarnation."""
    if incarnation is None:
        return []
    return [dumps({"type": "stream-checkpoint", "incarnation": incarnation})]


def _place(last: int, up_to_date: bool) -> tuple[tuple[str, str], ...]:
    head = (("Stream-Up-To-Date", "true"),) if up_to_date else ()
    return (NO_STORE, JSON, ("Stream-Next-Offset", offset_of(last)), *head, *SAFE)


def updates(first: Sequence[str], page: Page) -> Answer:
    """Answer a read of updates, or a long-poll, which differs in when it is answered only."""
    texts = [*first, *page.texts]
    return Answer(200, _place(page.last, page.up_to_date), json_array(texts), texts)


def first_frames(first: Sequence[str]) -> list[Body]:
    """The frames with which every SSE connection begins."""
    return [Body(data_frame(first), False, first, DATA_LEAD)] if first else []


def control_frame(last: int, up_to_date: bool, closed: bool) -> bytes:
    """The SSE frame after each page; `closed` is never told, since a conversation goes on."""
    return control_of({"streamNextOffset": offset_of(last)}, up_to_date)


def history(snapshot: dict[str, Any]) -> Answer:
    """Answer a read of the history, which says of itself where it stands."""
    return Answer(200, _place(sequence_of(snapshot["offset"]), True), encode(dumps(snapshot)))


def head(last: int) -> Answer:
    return Answer(200, _place(last, True))


def admission(
    url: str, offset: str, submission_id: str, uid: str | None, deduplicated: bool
) -> Answer:
    """Answer a send: 202 with where to read on; a beta tells no `uid`."""
    told = {"streamUrl": url, "offset": offset, "submissionId": submission_id}
    named = {} if uid is None else {"uid": uid}
    body = {**told, **named, **({"deduplicated": True} if deduplicated else {})}
    headers = (JSON, ("Location", url), ("Stream-Next-Offset", offset))
    return Answer(202, headers, encode(dumps(body)))


def result(value: Any, url: str, offset: str, submission_id: str) -> Answer:
    """Answer a send that has waited for its result."""
    told = {"result": value, "streamUrl": url, "offset": offset, "submissionId": submission_id}
    return Answer(200, (JSON,), encode(dumps(told)))


def aborted(any_work: bool) -> Answer:
    return Answer(200, (JSON,), encode(dumps({"aborted": any_work})))


def attachment(mime_type: str, data: bytes) -> Answer:
    headers = (
        ("content-type", mime_type),
        ("content-disposition", "inline"),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("content-security-policy", "sandbox"),
        *SAFE,
    )
    return Answer(200, headers, data)


def nothing_mounted() -> Answer:
    """Answer as the web framework under Flue does where no route is mounted."""
    return Answer(404, PLAIN, b"404 Not Found")
