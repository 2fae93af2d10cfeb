"""A body that is sent to a conversation: a user's message or a signal, and what goes with it.

Pure: from JSON to a value, or the genuine server's 400.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, cast

import attrs

from . import _conversation_errors as errors
from ._body import MISSING
from ._errors import invalid_request

MAX_IMAGE = 14_680_064  # characters of base64
MAX_KEY = 256
_TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_RESERVED = frozenset(
    {"resources", "instructions", "environment", "stream_interrupted", "stream_continued"}
    | {"submission_aborted", "submission_interrupted", "compaction", "memory"}
)
_BESIDE = ("initialData", "uid", "idempotencyKey")


@attrs.frozen
class Delivery:
    """What was sent: the message as the wire has it, known fields only, and the send's terms.

    `uid` and `initial_data` are `MISSING` when they were left out, since null means something.
    """

    message: dict[str, Any]
    initial_data: Any = MISSING
    uid: Any = MISSING
    key: str | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """What two sends under one idempotency key must have in common."""
        seed = {} if self.initial_data is MISSING else {"initialData": self.initial_data}
        return {"message": self.message, **seed}


def parse_delivery(body: Any) -> Delivery:
    """Understand a body."""
    if not isinstance(body, dict):
        raise errors.bad_message()
    given = cast("dict[str, Any]", body)
    uid = given.get("uid", MISSING)
    if uid is not MISSING and uid is not None and not isinstance(uid, str):
        reason = "must be a string (continue only that incarnation) or null (create only when"
        raise invalid_request(f"`uid` {reason} fresh).")
    message = _message({name: value for name, value in given.items() if name not in _BESIDE})
    key = _key(given["idempotencyKey"]) if "idempotencyKey" in given else None
    return Delivery(message, given.get("initialData", MISSING), uid, key)


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key:
        raise invalid_request("`idempotencyKey` must be a non-empty string naming this delivery.")
    if len(key) > MAX_KEY:
        raise invalid_request(f"`idempotencyKey` must be at most {MAX_KEY} characters.")
    return key


def _message(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("kind") == "user":
        return _user(given)
    if given.get("kind") == "signal":
        return _signal(given)
    raise errors.bad_message()


def _user(given: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"kind": "user", **_strings(given, "body")}
    if "attachments" in given:
        listed: list[Any] = given["attachments"]
        if not isinstance(listed, list):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise errors.bad_message()
        message["attachments"] = [_image(one) for one in listed]
    return message


def _image(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or cast("dict[str, Any]", given).get("type") != "image":
        raise errors.bad_message()
    fields = _strings(cast("dict[str, Any]", given), "data", "mimeType", optional="filename")
    if len(fields["data"]) > MAX_IMAGE:
        raise invalid_request(f"Image data exceeds the {MAX_IMAGE} character limit.")
    return {"type": "image", **fields}


def _signal(given: dict[str, Any]) -> dict[str, Any]:
    _check_words(given.get("type"), given.get("tagName"))
    message: dict[str, Any] = {"kind": "signal", **_strings(given, "type", "body")}
    if not message["type"]:
        raise errors.bad_message()
    if "attributes" in given:
        attributes = _attributes(given["attributes"])
        message["attributes"] = _strings(attributes, *attributes)
    return {**message, **_strings(given, optional="tagName")}


def _attributes(listed: object) -> dict[str, Any]:
    """The attributes by name; a list is an object of JavaScript, whose names are its indexes."""
    if isinstance(listed, list):
        return {str(place): value for place, value in enumerate(cast("list[object]", listed))}
    if not isinstance(listed, dict):
        raise errors.bad_message()
    return cast("dict[str, Any]", listed)


def _check_words(kind: object, tag: object) -> None:
    """Refuse a reserved type and a bad tag name, which are told even if the shape is wrong too."""
    if isinstance(kind, str) and kind in _RESERVED:
        raise invalid_request(
            f'Signal type "{kind}" is framework-reserved vocabulary (the runtime\'s own narration'
            " and recovery signals) — use an application-specific type."
        )
    if isinstance(tag, str) and not _TAG.fullmatch(tag):
        raise invalid_request(
            'Signal message "tagName" must be a valid XML tag name (letters, digits, "_", "-", ".";'
            ' must not start with a digit, "-", or ".").'
        )


def _strings(given: dict[str, Any], *names: str, optional: str | None = None) -> dict[str, str]:
    """Take fields that are strings; `optional` may be left out."""
    wanted = names if optional is None or optional not in given else (*names, optional)
    if not all(isinstance(given.get(name), str) for name in wanted):
        raise errors.bad_message()
    return {name: given[name] for name in wanted}


def decoded(data: str) -> bytes | None:
    """Decode base64 as `atob` does: spaces are skipped, padding may be missing; `None` if it is no
    base64."""
    text = re.sub(r"[\t\n\f\r ]", "", data)
    if len(text) % 4 == 0:
        text = re.sub(r"={1,2}\Z", "", text)
    if not text.isascii() or len(text) % 4 == 1 or "=" in text:
        return None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None
