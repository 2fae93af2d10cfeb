"""The reply that a submission got, found in a snapshot: upstream's rule.

Pure, over plain JSON. The reply is the last assistant message that carries the submission's id. A
submission that joined a running response has no such message: its settlement names the host, and
the host's reply answers both. Older servers name no host; then the last assistant message is the
reply. The betas put the reply's text into the settlement itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from .._values.jsoncodec import as_array, as_object
from .growing_message import Json

BLANK_LINE = "\n\n"
"""The separator between the parts of a text."""

_DATA = "data-"


@frozen
class SubmissionReply:
    """The reply of a submission. `message` is `None` where there is none; then `text` is empty.

    `data` has, for each name, the values in order; `usage` and `model` are the betas'.
    """

    message: Json | None
    text: str
    data: dict[str, list[Any]]
    metadata: Json | None
    usage: Json | None = None
    model: Json | None = None


def read_reply(snapshot: Json, submission_id: str) -> SubmissionReply:
    """Return the reply of a submission, or as much of it as there is."""
    message = reply_message(snapshot, submission_id)
    parts = parts_of(message)
    result = _result(find_settlement(snapshot, submission_id))
    text = result.get("text")
    return SubmissionReply(
        message,
        text if isinstance(text, str) else text_of(parts),
        data_of(parts),
        None if message is None else message.get("metadata"),
        result.get("usage"),
        result.get("model"),
    )


def reply_message(snapshot: Json, submission_id: str) -> Json | None:
    """Return the message that answers a submission, `None` if nothing does yet."""
    messages = _objects(snapshot, "messages")
    own = _last_reply(messages, submission_id)
    settlement = find_settlement(snapshot, submission_id)
    if own is not None or settlement is None:
        return own
    host = settlement.get("answeredBySubmissionId")
    if isinstance(host, str):
        return _last_reply(messages, host)
    if _result(settlement):
        messages = _turn(messages, submission_id)
    return next((message for message in reversed(messages) if _is_reply(message)), None)


def running_reply(snapshot: Json, submission_id: str) -> Json | None:
    """Return the message that is going to answer a submission which has not settled.

    It is the submission's own one, or that of the running response that the submission has joined.
    A submission that has joined names a turn of the response; one that runs by itself does not.
    """
    messages = _objects(snapshot, "messages")
    own = _last_reply(messages, submission_id)
    host: Json | None = None
    for message in messages if own is None else ():
        if message.get("submissionId") == submission_id:
            return host if message.get("turnId") else None
        if _is_reply(message):
            host = message
    return own


def answering(snapshot: Json, submission_id: str) -> list[Json]:
    """Return the messages that answer a submission, so far or in the end: one on 2.x, one for each
    step on the betas."""
    own = [each for each in _turn(_objects(snapshot, "messages"), submission_id) if _is_reply(each)]
    if own:
        return own
    settled = find_settlement(snapshot, submission_id) is not None
    found = (reply_message if settled else running_reply)(snapshot, submission_id)
    return [] if found is None else [found]


def find_settlement(snapshot: Json, submission_id: str) -> Json | None:
    """Return how a submission has ended, `None` if it has not."""
    settlements = _objects(snapshot, "settlements")
    found = (each for each in settlements if each.get("submissionId") == submission_id)
    return next(found, None)


def settlement_in(chunk: Json, submission_id: str) -> Json | None:
    """Return how a submission has ended, if `chunk` tells it: a reset may, too."""
    if chunk.get("type") == "conversation-reset":
        return find_settlement(as_object(chunk.get("snapshot")), submission_id)
    settles = chunk.get("type") == "submission-settled"
    return chunk if settles and chunk.get("submissionId") == submission_id else None


def parts_of(message: Json | None) -> list[Json]:
    return [] if message is None else _objects(message, "parts")


def text_of(parts: Iterable[Json], kind: str = "text") -> str:
    texts = (part.get("text") for part in parts if part.get("type") == kind)
    return BLANK_LINE.join(text for text in texts if isinstance(text, str))


def data_of(parts: Iterable[Json]) -> dict[str, list[Any]]:
    data: dict[str, list[Any]] = {}
    for part in parts:
        kind = part.get("type")
        if isinstance(kind, str) and kind.startswith(_DATA):
            data.setdefault(kind.removeprefix(_DATA), []).append(part.get("data"))
    return data


def _objects(container: Json, name: str) -> list[Json]:
    """Return the objects in an array; what a server puts there beside them is passed over."""
    return [each for each in as_array(container.get(name)) if isinstance(each, dict)]


def _result(settlement: Json | None) -> Json:
    """Return the betas' `result` of a settlement, which describes the reply; empty without one."""
    return as_object((settlement or {}).get("result"))


def _is_reply(message: Json) -> bool:
    return bool(message.get("role") == "assistant")


def _last_reply(messages: list[Json], submission_id: str) -> Json | None:
    for message in reversed(messages):
        if message.get("submissionId") == submission_id and _is_reply(message):
            return message
    return None


def _turn(messages: list[Json], submission_id: str) -> list[Json]:
    """Return the messages from those of a submission up to those of the next one.

    The betas' replies carry no submission id.
    """
    turn: list[Json] = []
    ours = False
    for message in messages:
        named = message.get("submissionId")
        ours = named == submission_id if named else ours
        if ours:
            turn.append(message)
    return turn
