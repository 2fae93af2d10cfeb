"""The head of a response: where its body ends, and whether it may be read at once."""

from __future__ import annotations

import pytest

from flue_client_ext._http.message import head_of, is_small, raw_headers
from flue_client_ext._values.http import Request

from .connection import GET, HEAD, POST

RawHeaders = list[tuple[bytes, bytes]]
LENGTH = [(b"Content-Length", b"5")]
CHUNKED = [(b"Transfer-Encoding", b"chunked")]
LARGE = [(b"Content-Length", b"65537")]
UNREADABLE = [(b"Content-Length", "\xb2".encode("latin-1"))]
OF_MANY_DIGITS = [(b"Content-Length", b"9" * 5000)]


@pytest.mark.parametrize(
    ("request_", "status", "headers", "close_delimited", "small"),
    [
        (GET, 200, LENGTH, False, True),
        (GET, 200, CHUNKED, False, False),
        (GET, 200, LARGE, False, False),
        (GET, 200, UNREADABLE, False, False),
        (GET, 200, OF_MANY_DIGITS, False, False),
        (GET, 200, [], True, False),
        (POST, 202, [], True, False),
        (GET, 204, [], False, True),
        (GET, 304, LARGE, False, True),
        (HEAD, 200, [], False, True),
        (HEAD, 200, LARGE, False, True),
        (HEAD, 404, CHUNKED, False, True),
    ],
)
def test_the_end_of_a_body_is_known_from_its_head(
    request_: Request, status: int, headers: RawHeaders, close_delimited: bool, small: bool
) -> None:
    head = head_of(request_, status, headers)
    assert head.close_delimited is close_delimited
    assert is_small(request_, head) is small


def test_a_transport_that_frames_its_bodies_needs_no_length() -> None:
    assert not head_of(GET, 200, [], framed=True).close_delimited


def test_request_headers_are_ASCII_names_and_latin_1_values() -> None:
    assert raw_headers([("x-name", "caf\xe9")]) == [(b"x-name", b"caf\xe9")]
    with pytest.raises(UnicodeEncodeError):
        raw_headers([("caf\xe9", "x")])
