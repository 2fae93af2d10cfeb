"""The beginning of a foreign body in a message: short, on one line, and without a credential."""

from __future__ import annotations

import pytest

from flue_client_ext import FlueApiError
from flue_client_ext._values.excerpt import excerpt
from flue_client_ext._values.http import Request, Response

SECRET = "hunter2-5f1d8c0b"
PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\x1b[2J"
ASKED: dict[str, Request] = {
    "token": Request("GET", "http://h/", {"authorization": f"Bearer {SECRET}"}),
    "cookie": Request("GET", "http://h/", {"cookie": f"a=b; session={SECRET}"}),
    "own header": Request("GET", "http://h/", {"x-api-key": SECRET}),
    "query": Request("GET", f"http://h/?offset=-1&signature={SECRET}"),
}


def test_it_is_one_printable_line() -> None:
    shown = excerpt(PAGE.encode(), Request("GET", "http://h/"))
    assert shown == r"<html> <head><title>502 Bad Gateway</title></head>\x1b[2J"
    assert excerpt(PAGE.encode(), None) == shown
    assert excerpt(b"", None) == excerpt(b" \r\n", None) == ""
    assert excerpt(b"\xff<p>", None) == "\ufffd<p>"


def test_it_is_short() -> None:
    assert excerpt(b"x" * 80, None) == "x" * 80
    assert excerpt(b"x" * 10**6, None) == "x" * 80 + "..."


@pytest.mark.parametrize("asked", ASKED.values(), ids=list(ASKED))
@pytest.mark.parametrize("place", [0, 40, 79])
def test_a_body_that_repeats_a_credential_is_not_shown(asked: Request, place: int) -> None:
    body = f"{'<' * place}{SECRET}</html>".encode()
    assert excerpt(body, asked) == ""
    error = FlueApiError(Response(502, {}, body, request=asked))
    assert SECRET[:4] not in str(error) + error.message


def test_a_credential_far_behind_is_no_reason_to_show_nothing() -> None:
    body = f"{'x' * 4000}{SECRET}".encode()
    assert excerpt(body, ASKED["token"]) == "x" * 80 + "..."


def test_no_part_of_a_credential_is_shown_behind_any_number_of_spaces() -> None:
    for spaces in range(900, 1200):
        assert "hunt" not in excerpt(b" " * spaces + SECRET.encode(), ASKED["own header"])


def test_a_credential_whose_slashes_are_escaped_is_found() -> None:
    asked = Request("GET", "http://h/", {"authorization": "Bearer abc/def/ghi"})
    assert excerpt(b"Bearer token expired", asked) == "Bearer token expired"
    assert excerpt(rb'{"auth":"abc\/def\/ghi"}', asked) == ""
