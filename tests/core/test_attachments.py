"""Attachments: what they hold, what is sent of them, and what is refused."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext.attachments import MOST_BYTES, MOST_CHARACTERS, Attachment


def test_an_attachment_is_sent_as_base64_with_its_type_and_name() -> None:
    data = bytes(range(256))
    wire = Attachment(data, "image/png", "a é.png").to_dict()
    assert base64.b64decode(wire.pop("data"), validate=True) == data
    assert wire == {"type": "image", "mimeType": "image/png", "filename": "a é.png"}
    assert Attachment(b"", "image/png").to_dict() == {
        "type": "image",
        "data": "",
        "mimeType": "image/png",
    }


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("application/pdf", "document"),
        ("Application/PDF ; version=2", "document"),
        ("application/pdfx", "image"),
        ("application/pdf+xml", "image"),
    ],
)
def test_a_pdf_is_a_document(mime_type: str, kind: str) -> None:
    assert Attachment(b"%PDF", mime_type).to_dict()["type"] == kind


@pytest.mark.parametrize("data", [b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_bytes_of_any_kind_become_bytes(data: Any) -> None:
    attachment = Attachment(data, "image/png")
    assert type(attachment.data) is bytes
    assert attachment == Attachment(b"abc", "image/png")
    assert pickle.loads(pickle.dumps(attachment)) == attachment


def test_the_largest_attachment_has_as_much_base64_as_the_server_takes() -> None:
    largest = Attachment(bytes(MOST_BYTES), "image/png")
    assert len(largest.to_dict()["data"]) == MOST_CHARACTERS
    with pytest.raises(ValueError, match="data"):
        Attachment(bytes(MOST_BYTES + 1), "image/png")


def test_what_it_holds_is_not_shown() -> None:
    assert "secret" not in repr(Attachment(b"secret", "image/png"))


@pytest.mark.parametrize(
    ("data", "mime_type", "filename", "error"),
    [
        ("text", "image/png", None, TypeError),
        (None, "image/png", None, TypeError),
        ([1], "image/png", None, TypeError),
        (b"", None, None, TypeError),
        (b"", "png", None, ValueError),
        (b"", "image/", None, ValueError),
        (b"", "image/png\n", None, ValueError),
        (b"", "image/png; a=\u2028", None, ValueError),
        (b"", "image/png", 5, TypeError),
        (b"", "image/png", "", ValueError),
    ],
)
def test_what_the_server_would_refuse_is_refused(
    data: Any, mime_type: Any, filename: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        Attachment(data, mime_type, filename)


@pytest.mark.parametrize("kind", [str, Path, lambda path: str(path).encode()])
def test_a_file_tells_its_name_and_type(tmp_path: Path, kind: Any) -> None:
    file = tmp_path / "photo.JPG"
    file.write_bytes(b"\xff\xd8")
    attachment = Attachment.from_path(kind(file))
    assert attachment == Attachment(b"\xff\xd8", "image/jpeg", "photo.JPG")
    assert Attachment.from_path(kind(file), "image/webp").mime_type == "image/webp"


def test_a_file_that_cannot_be_an_attachment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Attachment.from_path(tmp_path / "none.png")
    file = tmp_path / "notes"
    file.touch()
    with pytest.raises(ValueError, match="mime_type"):
        Attachment.from_path(file)
    with open(file, "r+b") as large:
        large.truncate(1 << 40)  # sparse: reading it would take for ever
    with pytest.raises(ValueError, match="data"):
        Attachment.from_path(file, "image/png")
