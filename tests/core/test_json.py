"""JSON in: whatever a real server sends is decoded or clearly refused."""

from __future__ import annotations

import codecs
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flue_client_ext._values import jsoncodec
from flue_client_ext._values.jsoncodec import NotJson, decode

from .values import VALUES, same

TOKENS = st.sampled_from(
    ["{", "}", "[", "]", ",", ":", '"a"', '"\\ud83d"', '"\\udE00"', "-0", "-0.0", "0", "1e400"]
    + ["-1e400", "1e-400", "1E5", "01", "1.", ".5", "-", "+1", "true", "null", "nul", "NaN"]
    + ["18446744073709551616", "9007199254740993", "0.1", '"\\x"', '"\\/"', '"\t"', " ", "\n"]
    + ["2.5e-324", "123456789012345678901234567890.5", '""', '"é"', "\ufeff", "//", "'a'"]
)


@pytest.fixture(autouse=True, scope="module", params=["msgspec", "the standard library"])
def decoder(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both decoders, for texts of any size: msgspec decodes small ones where it is imported."""
    jsoncodec._fast.cache_clear()
    module = pytest.importorskip("msgspec") if request.param == "msgspec" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "msgspec", module)
        assert (jsoncodec._fast() is None) == (module is None)
        yield
    jsoncodec._fast.cache_clear()


@given(VALUES)
@settings(max_examples=250, deadline=None)
def test_every_value_comes_back_as_it_was_escaped_or_not(value: Any) -> None:
    assert same(decode(json.dumps(value).encode()), value)
    try:
        raw = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # a lone surrogate has no UTF-8
    assert same(decode(raw), value)


@given(st.lists(TOKENS, max_size=9).map("".join))
@example("-0")
@example("[-0]")
@example('{"a":1,"a":2,"b":3,"a":4}')
@settings(max_examples=600, deadline=None)
def test_a_text_decodes_as_with_the_standard_library_or_not_at_all(text: str) -> None:
    try:
        expected = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        with pytest.raises(NotJson):
            decode(text.encode())
    else:
        assert same(decode(text.encode()), expected)


@given(st.binary(max_size=12) | st.binary(max_size=6).map(lambda b: b'["' + b + b'"]'))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_decoded_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        decode(raw)
    except NotJson:
        pass


@pytest.mark.parametrize("size", [1, 2000])
def test_one_byte_order_mark_is_ignored_in_front_only(size: int) -> None:
    text = json.dumps([{"text": "\ufeff" * size}], ensure_ascii=False).encode()
    assert decode(codecs.BOM_UTF8 + text) == [{"text": "\ufeff" * size}]
    for twice in (codecs.BOM_UTF8 * 2 + text, text + codecs.BOM_UTF8, codecs.BOM_UTF8):
        with pytest.raises(NotJson):
            decode(twice)


def test_a_lone_surrogate_arrives_as_it_was_sent() -> None:
    assert decode(b'[{"text":"\\ud83d"},{"text":"\\ude00"}]') == [
        {"text": "\ud83d"},
        {"text": "\ude00"},
    ]


def test_bad_UTF_8_in_a_string_is_replaced() -> None:
    assert decode(b'["a\xff\xe2\x28b"]') == ["a\ufffd\ufffd(b"]


def test_the_last_of_duplicate_keys_counts() -> None:
    assert decode(b'{"a":1,"b":2,"a":3}') == {"a": 3, "b": 2}


def test_huge_numbers_are_delivered() -> None:
    huge = "9" * 20_000
    assert decode(b"[1e400,-1e400,18446744073709551616]") == [math.inf, -math.inf, 2**64]
    (value,) = decode(f"[{huge}]".encode())
    assert value == math.inf or value == 10**20_000 - 1


@pytest.mark.parametrize("depth", [100, 900, 5_000, 200_000])
@pytest.mark.parametrize("shape", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_delivered_or_refused(depth: int, shape: tuple[bytes, bytes]) -> None:
    opening, closing = shape
    raw = opening * depth + b"1" + closing * depth
    try:
        decode(raw)
    except NotJson:
        assert depth > 500


@pytest.mark.parametrize("raw", [b"", b" ", b"<html>", b"{", b"[1,]", b"\xef\xbb\xbf[]x", b"[]]"])
def test_what_is_not_JSON_is_refused(raw: bytes) -> None:
    with pytest.raises(NotJson):
        decode(raw)


@pytest.mark.timeout(60)  # seconds; in quadratic time it would take many minutes
@pytest.mark.parametrize("before", [b"", b'"\\ud83d",'])
def test_a_number_of_millions_of_digits_takes_time_linear_in_them(before: bytes) -> None:
    """Also where a program has switched the interpreter's limit off."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        value = decode(b"[" + before + b"9" * 20_000_000 + b"]")
        assert value[-1] == math.inf
        assert decode(b"[" + before + b"9" * 4300 + b"]")[-1] in (10**4300 - 1, math.inf)
    finally:
        sys.set_int_max_str_digits(limit)
