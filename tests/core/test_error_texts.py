"""The texts of errors: printable, of a sane length, and made of any JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flue_client_ext import (
    FlueApiError,
    FlueConnectionError,
    FlueError,
    FlueExecutionError,
    FlueProtocolError,
    FlueTimeoutError,
    StreamResetError,
    UnsupportedFlueEventVersionError,
)
from flue_client_ext._values.http import Response

STEERING = "\x1b[2J\x9b\u202e\u2028\r\n\x00"


def nested(levels: int, value: Any = "x") -> Any:
    """Deeper than `repr` goes, if `levels` are many."""
    for _ in range(levels):
        value = [value]
    return value


def refused(**envelope: Any) -> FlueApiError:
    body = {"error": {"type": "t", "message": "m", **envelope}}
    return FlueApiError(Response(400, {}, json.dumps(body).encode()))


ERRORS: list[FlueError] = [
    FlueProtocolError(f"got {STEERING}", url="http://h/", offset=STEERING),
    FlueConnectionError(STEERING, cause=STEERING),
    FlueTimeoutError(STEERING),
    StreamResetError(offset=STEERING, tail=STEERING),
    UnsupportedFlueEventVersionError(received=STEERING, supported=3),
    FlueExecutionError(target="workflow", target_id="r", failure="failed", error=STEERING),
    FlueApiError(Response(302, {"location": f"http://{STEERING}"}, b"")),
    FlueApiError(Response(400, {"content-type": STEERING}, b"<html>")),
    refused(type=STEERING, message=STEERING, details=STEERING),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_no_error_can_steer_a_terminal_or_forge_a_line_of_a_log(error: FlueError) -> None:
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("location", "https://u:PASSWORD@h/p?sig=SECRET#f", "https://h/p"),
        ("location", "//u:PASSWORD@h/p", "//h/p"),
        ("location", "\\\\u:PASS@WORD@h\\p", "\\\\h\\p"),
        ("location", "/p/a@b?sig=SECRET", "/p/a@b"),
        ("content-location", "https://u:PASSWORD@h/p?sig=SECRET", "https://h/p"),
        ("refresh", "0; url=https://u:PASSWORD@h/p?sig=SECRET", "0; url=https://h/p"),
        ("link", "<https://u:PASSWORD@h/p>; rel=next", "<https://h/p>; rel=next"),
        ("www-authenticate", 'Bearer realm="https://u:PASSWORD@h/"', 'Bearer realm="https://h/"'),
        ("x-mail", "a@b", "a@b"),
    ],
)
def test_the_headers_of_an_error_hold_no_password_of_a_URL(
    name: str, value: str, shown: str
) -> None:
    error = FlueApiError(Response(302, {name: value, "set-cookie": "SECRET"}, b""))
    assert error.headers == {name: shown}
    assert "PASS" not in str(error)


@pytest.mark.parametrize("levels", [1, 400, 900])
def test_JSON_of_any_depth_can_be_a_part_of_an_error(levels: int) -> None:
    value = nested(levels)
    issues = {"issues": [{"path": ["a", value, {"key": value}]}]}
    errors: list[FlueError] = [
        refused(meta=issues),
        UnsupportedFlueEventVersionError(received=value, supported=3),
        FlueExecutionError(
            target="workflow",
            target_id="r",
            failure="failed",
            error={"message": "m", "name": value},
        ),
    ]
    assert all(len(str(error)) < 200 for error in errors)


def test_a_version_of_any_length_is_cut() -> None:
    error = UnsupportedFlueEventVersionError(received="x" * 10**6, supported=3)
    assert len(str(error)) < 200
    assert len(error.received) == 10**6
