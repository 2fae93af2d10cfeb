"""The JSON body of a send, checked: what the server would refuse, or fail over, is a `ValueError`
or a `TypeError` here.

Knows the fields of both kinds of messages and nothing of how they are sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .._stream.arguments import Unset
from .._values.checks import mapping, text, wrong_value
from .._values.jsoncodec import plain

_TAG_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LONGEST_KEY = 256


def user_message(message: object, attachments: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return the body of a message of the user's; it may be empty."""
    body: dict[str, Any] = {"kind": "user", "body": text(message, "message")}
    return {**body, "attachments": list(attachments)} if attachments else body


def signal(type: object, body: object, attributes: object, tag_name: object) -> dict[str, Any]:
    """Return the body of a signal: a message that is not the user's."""
    fields: dict[str, Any] = {
        "kind": "signal",
        "type": _named(type, "type"),
        "body": text(body, "body"),
    }
    if attributes is not None:
        fields["attributes"] = _attributes(attributes)
    if tag_name is not None:
        fields["tagName"] = _tag_name(tag_name)
    return fields


def delivery(initial_data: object | Unset, uid: object | Unset, key: str | None) -> dict[str, Any]:
    """Return the fields beside a message: what a new conversation begins with, which one it is for,
    and the key that names this send."""
    fields: dict[str, Any] = {}
    if not isinstance(initial_data, Unset):
        fields["initialData"] = plain(initial_data, "initial_data")
    if not isinstance(uid, Unset):
        fields["uid"] = None if uid is None else _named(uid, "uid")
        if uid is not None and "initialData" in fields:
            raise ValueError(
                "initial_data is for a new conversation, and uid names one that exists"
            )
    if key is not None:
        fields["idempotencyKey"] = key
    return fields


def idempotency_key(given: object | Unset, fresh: str) -> str | None:
    """Return the key of a send: a fresh one where it was left out, `None` where none is wanted."""
    if isinstance(given, Unset):
        return fresh
    if given is None:
        return None
    key = _named(given, "idempotency_key")
    if _length(key) > _LONGEST_KEY:
        raise ValueError(f"idempotency_key must have at most {_LONGEST_KEY} characters")
    if any("\ud800" <= character <= "\udfff" for character in key):  # all the same to the server
        raise ValueError("idempotency_key must not contain lone surrogates")
    return key


def _length(key: str) -> int:
    """The characters as the server counts them: UTF-16 units."""
    return len(key) + sum(character > "\uffff" for character in key)


def _named(value: object, what: str) -> str:
    given = text(value, what)
    if not given:
        raise ValueError(f"{what} must not be empty")
    return given


def _tag_name(value: object) -> str:
    name = text(value, "tag_name")
    if not _TAG_NAME.fullmatch(name):
        allowed = "a letter or _, then letters, digits, _, . and -"
        raise wrong_value("tag_name", allowed, name)
    return name


def _attributes(value: object) -> dict[str, str]:
    pairs = mapping(value, "attributes").items()
    return {text(k, "a name in attributes"): text(v, f"attributes[{k!r}]") for k, v in pairs}
