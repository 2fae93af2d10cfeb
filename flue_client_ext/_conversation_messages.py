"""Messages to a conversation as the user gives them, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from ._flue import submission_body
from ._flue.dialects import Outgoing
from ._stream.arguments import UNSET, Unset
from ._values.checks import several, wrong_type
from .attachments import Attachment

Json = dict[str, Any]


def user_message(
    message: str,
    attachments: Iterable[Attachment],
    initial_data: Any,
    uid: str | None | Unset,
    idempotency_key: str | None | Unset,
) -> Outgoing:
    """Return a message, checked, with the key that names this send."""
    files = [_attachment(one).to_dict() for one in several(attachments, "attachments")]
    body = submission_body.user_message(message, files)
    return _outgoing(body, initial_data, uid, idempotency_key)


def signal_message(
    type: str,
    body: str,
    attributes: Mapping[str, str] | None,
    tag_name: str | None,
    initial_data: Any,
    uid: str | None | Unset,
    idempotency_key: str | None | Unset,
) -> Outgoing:
    """Return a signal, checked, with the key that names this send."""
    signal = submission_body.signal(type, body, attributes, tag_name)
    return _outgoing(signal, initial_data, uid, idempotency_key).needing("send_signal")


def _outgoing(
    message: Json, initial_data: Any, uid: str | None | Unset, key: str | None | Unset
) -> Outgoing:
    chosen = submission_body.idempotency_key(key, str(uuid4()))
    body = message | submission_body.delivery(initial_data, uid, chosen)
    given = {"initial_data": initial_data, "uid": uid, "idempotency_key": key or UNSET}
    return Outgoing(body, tuple(n for n, value in given.items() if not isinstance(value, Unset)))


def _attachment(value: object) -> Attachment:
    if not isinstance(value, Attachment):
        allowed = "an Attachment (Attachment.from_path reads a file)"
        raise wrong_type("each of attachments", allowed, value)
    return value
