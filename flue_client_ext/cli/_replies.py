"""A reply as JSON, under the names of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._flue.conversation_results import Reply


def reply_json(reply: Reply) -> dict[str, Any]:
    """`usage` and `model` are there where the server says them, before 2.0."""
    told = {"usage": reply.usage, "model": reply.model}
    return {
        "text": reply.text,
        "data": reply.data,
        "metadata": reply.metadata,
        "submissionId": reply.submission_id,
        "uid": reply.uid,
        **{name: value for name, value in told.items() if value is not None},
    }
