"""What an agent's function is handed: a message that was sent, with its attachments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from ._delivery import decoded


@attrs.frozen
class ReceivedAttachment:
    """An image that came with a message; `id` is that of the message's file part."""

    id: str
    data: bytes
    mime_type: str
    filename: str | None = None

    @property
    def part(self) -> dict[str, Any]:
        """The file part that stands for it."""
        name = {} if not self.filename else {"filename": self.filename}
        told = {"mediaType": self.mime_type, "id": self.id, "size": len(self.data)}
        return {"type": "file", **told, **name}


@attrs.frozen
class Message:
    """A message that was sent to an agent: a user's, or a signal of the application.

    `type`, `attributes` and `tag_name` are those of a signal.
    """

    text: str
    kind: Literal["user", "signal"]
    submission_id: str
    attachments: tuple[ReceivedAttachment, ...] = ()
    type: str | None = None
    attributes: Mapping[str, str] = attrs.field(factory=dict[str, str])
    tag_name: str | None = None


def received(submission_id: str, message: Mapping[str, Any]) -> Message:
    """Return a delivered message; `ValueError` when an attachment is not base64."""
    attachments: list[ReceivedAttachment] = []
    for number, given in enumerate(message.get("attachments", ())):
        data = decoded(given["data"])
        if data is None:
            raise ValueError("an attachment is not base64")
        name = f"att_direct_{submission_id}_{number}"
        about = given["mimeType"], given.get("filename")
        attachments.append(ReceivedAttachment(name, data, *about))
    return Message(
        message["body"],
        message["kind"],
        submission_id,
        tuple(attachments),
        message.get("type"),
        message.get("attributes", {}),
        message.get("tagName"),
    )
