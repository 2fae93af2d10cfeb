"""Attachments: bytes that go with a message, checked when they are made."""

from __future__ import annotations

import re
from binascii import b2a_base64
from os import PathLike, fsdecode, fstat
from os.path import basename
from typing import Any, Self, TypeAlias, cast

from attrs import field, frozen

from ._values.checks import field_check, text, wrong_type, wrong_value

__all__ = ["Attachment"]

Path: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]

MOST_CHARACTERS = 14_680_064
"""Of base64 in one attachment: the server refuses more."""
MOST_BYTES = MOST_CHARACTERS // 4 * 3

_MIME_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:[ \t]*;[ -~]*)?", re.ASCII)


def _as_bytes(data: bytes | bytearray | memoryview) -> bytes:
    given = cast(object, data)
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(data)
    raise wrong_type("data", "bytes", data)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"data has {size} bytes; the server takes {MOST_BYTES} at most")


def _check_mime_type(value: object, what: str) -> None:
    if not _MIME_TYPE.fullmatch(text(value, what)):
        raise wrong_value(what, "a media type such as image/png", value)


def _check_file_name(value: object, what: str) -> None:
    if value is not None and not text(value, what):
        raise wrong_value(what, "None or not empty", value)


@frozen
class Attachment:
    """Bytes that go with a message, an image for example: at most 11,010,048 of them."""

    data: bytes = field(
        converter=_as_bytes,
        validator=field_check(lambda data, _: _check_size(len(data))),
        repr=lambda d: f"<{len(d)} bytes>",
    )
    mime_type: str = field(validator=field_check(_check_mime_type))
    filename: str | None = field(default=None, validator=field_check(_check_file_name))

    @classmethod
    def from_path(cls, path: Path, mime_type: str | None = None) -> Self:
        """Read the file `path`. Its name tells the media type, unless `mime_type` does.

        Raises `ValueError` for a file that is too large, before reading it, and for a name that
        tells nothing; `OSError` for one that cannot be read.
        """
        name: str = basename(fsdecode(path))
        if mime_type is None:
            mime_type = _guessed(name)
        with open(path, "rb") as file:
            _check_size(fstat(file.fileno()).st_size)
            data = file.read(MOST_BYTES + 1)
        return cls(data, mime_type, name)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that is sent."""
        media_type = self.mime_type.partition(";")[0].strip().lower()
        kind = "document" if media_type == "application/pdf" else "image"
        wire: dict[str, Any] = {
            "type": kind,
            "data": b2a_base64(self.data, newline=False).decode("ascii"),
            "mimeType": self.mime_type,
        }
        return wire if self.filename is None else {**wire, "filename": self.filename}


def _guessed(name: str) -> str:
    from mimetypes import guess_type

    guessed = guess_type(name)[0]
    if guessed is None:
        raise ValueError(f"the name {name!r} does not tell the media type: pass mime_type")
    return guessed
