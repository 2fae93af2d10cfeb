"""The chunks around what a model says: what was sent, outcomes of tools, notices, settlements."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ._model import ToolCall, shown
from ._transcript import Chunk

_ABORTED = "Submission was aborted."
_NOTICES = (
    ("stream_interrupted", "The previous assistant stream was interrupted."),
    ("stream_continued", "Continue from the durable partial assistant response."),
)


def entry_id(submission_id: str) -> str:
    """Return the id of the message that a submission brings."""
    coded = base64.urlsafe_b64encode(submission_id.encode()).decode().rstrip("=")
    return f"entry_direct_{coded}"


def delivered(
    submission_id: str, message: dict[str, Any], files: Sequence[dict[str, Any]], turn: str
) -> Chunk:
    """Return the message that was sent; `turn` is that which it has joined, if it has."""
    signal = message["kind"] == "signal"
    names = ("tagName", "attributes")
    about = {name: message[name] for name in names if name in message} if signal else {}
    sort = ("system", "dispatch", "diagnostic") if signal else ("user", "user", "visible")
    told = {
        **dict(zip(("role", "purpose", "display"), sort, strict=True)),
        "submissionId": submission_id,
        **({"turnId": turn} if turn else {}),
        **({"signal": about} if about else {}),
        "parts": [_text(message["body"]), *files],
    }
    return _appended(entry_id(submission_id), told)


def interrupted(message_id: str, submission_id: str) -> list[Chunk]:
    """Return the runtime's notices about a response that goes on in another process."""
    sort = {"role": "system", "purpose": "advisory", "display": "hidden"}
    return [
        _appended(
            f"entry_recovery_{message_id}_{kind}",
            {**sort, "submissionId": submission_id, "parts": [_text(text)]},
        )
        for kind, text in _NOTICES
    ]


def aborted(submission_id: str) -> Chunk:
    """Return the runtime's notice about an aborted submission."""
    about = {"submissionId": submission_id, "kind": "direct", "reason": "aborted"}
    told = {
        "role": "system",
        "purpose": "advisory",
        "display": "diagnostic",
        "signal": {"attributes": about},
        "settlement": {"outcome": "aborted"},
        "parts": [_text(_ABORTED)],
    }
    return _appended(f"entry_submission_aborted_{submission_id}", told)


def outcome(call_id: str, call: ToolCall) -> Chunk:
    """Return what came of a tool."""
    told: dict[str, Any] = {"type": "tool-output", "toolCallId": call_id, "output": call.result}
    if call.is_error:
        told = {"type": "tool-output-error", "toolCallId": call_id, "errorText": shown(call)}
    return {**told, "durationMs": 0}


def settled(submission_id: str, error: dict[str, Any] | None, host: str | None) -> Chunk:
    """Return a settlement; without an error it is `completed`, and `host` has answered it."""
    outcome = "completed" if error is None else "failed"
    if error is not None and error.get("type") == "submission_aborted":
        outcome = "aborted"
    told = {"submissionId": submission_id, "outcome": outcome}
    failure = {} if error is None else {"error": error}
    answered = {} if host is None else {"answeredBySubmissionId": host}
    return {"type": "submission-settled", **told, **failure, **answered}


def abort_error() -> dict[str, Any]:
    details = "The operation was stopped before it produced a completed response."
    return _error("FlueError", _ABORTED, "submission_aborted", details)


def model_error(submission_id: str, reason: str) -> dict[str, Any]:
    """Return the error of a submission whose model has failed."""
    operation = f"direct({submission_id})"
    error = _error("FlueError", f"{operation} failed: {reason}", "operation_failed", "")
    return {**error, "meta": {"operation": operation, "reason": reason}}


def internal_error() -> dict[str, Any]:
    """Return the error of a submission whose agent has raised: what was raised stays inside."""
    return _error(
        "Error",
        "The agent submission failed because of an internal error.",
        "internal_error",
        "The server encountered an unexpected error while processing the agent submission. When"
        " reporting this failure, quote the settlement submissionId — server-side logs carry the"
        " same id.",
    )


def _error(name: str, message: str, kind: str, details: str) -> dict[str, Any]:
    return {"name": name, "message": message, "type": kind, "details": details}


def _appended(message_id: str, told: dict[str, Any]) -> Chunk:
    return {"type": "message-appended", "message": {"id": message_id, **told}}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "state": "done"}
