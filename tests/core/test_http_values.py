"""What statuses, Retry-After and redirects mean, and what a request shows of itself."""

from __future__ import annotations

import email.utils
import time
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flue_client_ext._values.http import (
    Head,
    Request,
    Response,
    fold_headers,
    is_retryable,
    named_coding,
    redirect_origin,
    with_query,
)
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.retry_after import retry_after

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def test_a_read_is_tried_again_for_exactly_the_statuses_that_may_pass() -> None:
    passing = {408, 425, 429, *range(500, 600)} - {501, 505, 511}
    assert {status for status in range(100, 1000) if is_retryable(status)} == passing


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        ("   ", 0.0),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("3600", LIMITS.retry_after),
        ("9" * 5000, LIMITS.retry_after),
        ("1.5", 0.0),
        ("-5", 0.0),
        ("+5", 0.0),
        ("0x10", 0.0),
        ("\xb2", 0.0),
        ("\u0665", 0.0),
        ("soon", 0.0),
        ("120, 7", 0.0),
        ("Sun, 22 Nov 2026 12:00:20 GMT", 20.0),
        ("Sunday, 22-Nov-26 12:00:20 GMT", 20.0),
        ("Sun Nov 22 12:00:20 2026", 20.0),
        ("Sun, 22 Nov 2026 14:00:20 +0200", 20.0),
        ("Sun, 22 Nov 2026 12:00:20 -0000", 20.0),
        ("Sun, 22 Nov 2026 11:59:00 GMT", 0.0),
        ("Sun, 22 Nov 2027 12:00:00 GMT", LIMITS.retry_after),
        ("Sun, 31 Feb 2026 12:00:00 GMT", 0.0),
        ("Sun, 22 Nov 99999999999999999999 12:00:00 GMT", 0.0),
        ("Sun, 22 Nov 0 12:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LIMITS.retry_after),
        ("Fri, 31 Dec 9999 23:59:59 -9959", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Sun, 22 Nov 2026 12:00:20 +99999999999999999999", 0.0),
    ],
)
def test_Retry_After_is_seconds_or_a_date_capped_and_garbage_is_nothing(
    value: str | None, seconds: float
) -> None:
    headers = {} if value is None else {"retry-after": value}
    assert retry_after(headers, NOW) == pytest.approx(seconds)


def test_a_date_without_a_zone_is_in_UTC_wherever_this_machine_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "XXX-9")
    time.tzset()
    try:
        for value in ("Sun Nov 22 12:00:20 2026", "Sun, 22 Nov 2026 12:00:20 -0000"):
            assert retry_after({"retry-after": value}, NOW) == pytest.approx(20.0)
    finally:
        monkeypatch.undo()
        time.tzset()


@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(["Mon", ",", " ", "1", "22", "Nov", "2026", "12:00:20", ":", "GMT", "-"])
        | st.integers().map(str),
        max_size=9,
    ).map("".join)
)
@example("Mon, 1 1 1")
@settings(max_examples=500, deadline=None)
def test_no_Retry_After_whatever_breaks_or_exceeds_the_cap(value: str) -> None:
    assert 0.0 <= retry_after({"retry-after": value}, NOW) <= LIMITS.retry_after


@given(st.datetimes(min_value=datetime(2026, 11, 22, 11), max_value=datetime(2026, 11, 22, 13)))
@settings(max_examples=100, deadline=None)
def test_a_date_gives_the_seconds_until_then(when: datetime) -> None:
    at = when.replace(tzinfo=UTC, microsecond=0)
    wait = retry_after({"retry-after": email.utils.format_datetime(at, usegmt=True)}, NOW)
    assert wait == pytest.approx(min(max(at.timestamp() - NOW, 0), LIMITS.retry_after))


@pytest.mark.parametrize(
    ("location", "origin"),
    [
        ("https://other.test/login?next=secret", "https://other.test"),
        ("https://user:password@other.test:8443/x", "https://other.test:8443"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80"),
        ("//other.test/x", "http://other.test"),
        ("https://other.test:99999/", None),
        ("https://[broken/", None),
        ("", None),
    ],
)
def test_a_redirect_is_named_by_its_origin_only(location: str, origin: str | None) -> None:
    assert redirect_origin(Response(302, {"location": location}, b"")) == origin


def test_a_redirect_within_the_server_shows_nothing_of_its_target() -> None:
    words = redirect_origin(Response(302, {"location": "/login?token=secret"}, b""))
    assert words
    assert "secret" not in words
    assert redirect_origin(Response(302, {}, b"")) is None


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_redirect_target_breaks_anything(location: str) -> None:
    redirect_origin(Response(302, {"location": location}, b""))


def test_header_names_and_the_value_true_compare_without_case() -> None:
    head = Head(200, fold_headers([(b"Stream-CLOSED", b" TRUE "), (b"Stream-Up-To-Date", b"1")]))
    assert head.says("stream-closed")
    assert not head.says("stream-up-to-date")
    assert not head.says("stream-cursor")


def test_the_content_type_is_read_without_its_parameters() -> None:
    assert Head(200, {"content-type": " Text/Event-Stream ;charset=UTF-8"}).content_type == (
        "text/event-stream"
    )
    assert Head(200, {}).content_type == ""


@given(st.dictionaries(st.text(), st.text(), min_size=1))
@example({"offset": "0000_0001", "live": "long-poll"})
@example({"a": "~.-_", "b": "", "": "/?#&=+ %\n"})
def test_a_query_is_escaped_as_a_form_is(parameters: dict[str, str]) -> None:
    assert with_query("http://server.test/a", parameters).split("?", 1)[1] == urlencode(parameters)
    assert with_query("/a?b", parameters) == f"/a?b&{urlencode(parameters)}"


def test_a_request_shows_neither_its_query_nor_its_headers_nor_its_body() -> None:
    request = Request(
        "POST",
        "https://server.test/workflows/x?signature=SECRET1",
        {"authorization": "SECRET2"},
        b"SECRET3",
    )
    assert request.shown_url == "https://server.test/workflows/x"
    assert "SECRET" not in repr(request)
    assert "/workflows/x" in repr(request)


REGISTERED = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress", "exi", "dcb"]
REGISTERED += ["dcz", "pack200-gzip", "aes128gcm"]


@pytest.mark.parametrize("coding", REGISTERED)
@pytest.mark.parametrize("form", ["{}", " {} ", "identity, {}", "{},none", "\t{} ,, utf-8"])
def test_a_registered_coding_transforms_a_body(coding: str, form: str) -> None:
    for name in (coding, coding.upper(), coding.title()):
        assert Head(200, {"content-encoding": form.format(name)}).encoding == coding


PLAIN = ["", " ", ",", " , ,", "identity", "Identity", "NONE", "none, identity", "utf-8", "8bit"]
PLAIN += ["binary", "*", "chunked", "application/json", "gzipped", "x-br", "gzip;q=1", "null"]


@pytest.mark.parametrize("value", PLAIN)
def test_every_other_word_for_a_coding_means_a_plain_body(value: str) -> None:
    assert Head(200, {"content-encoding": value}).encoding == ""
    assert Head(200, {}).encoding == ""


def test_several_codings_are_all_named() -> None:
    assert Head(200, {"content-encoding": "deflate, none, GZIP"}).encoding == "deflate, gzip"
    assert "snappy, none" in named_coding({"content-encoding": "Snappy, none,identity"})
    assert named_coding({"content-encoding": "identity"}) == named_coding({}) == ""


@pytest.mark.parametrize(
    ("age", "cached"), [("61", True), ("1", True), ("0", False), ("00", False)]
)
def test_an_age_tells_what_a_cache_has_kept(age: str, cached: bool) -> None:
    assert Head(200, {"age": age}).cached is cached


@pytest.mark.parametrize("age", ["0", "00", "", "-1", "1.5", "soon", "\u0663", "+1"])
def test_an_age_that_is_none_says_nothing(age: str) -> None:
    assert not Head(200, {"age": age}).cached
    assert not Head(200, {}).cached
