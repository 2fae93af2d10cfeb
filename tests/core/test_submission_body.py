"""The body of a send: what it holds, and what is refused before any I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from flue_client_ext._flue import submission_body as body
from flue_client_ext._stream.arguments import UNSET


@dataclass
class Customer:
    name: str


def test_a_message_is_sent_as_it_is_and_may_be_empty() -> None:
    assert body.user_message("hi\n") == {"kind": "user", "body": "hi\n"}
    assert body.user_message("") == {"kind": "user", "body": ""}
    assert body.user_message("x", [{"type": "image"}])["attachments"] == [{"type": "image"}]


def test_a_signal_has_only_the_fields_that_were_given() -> None:
    assert body.signal("order.paid", "", None, None) == {
        "kind": "signal",
        "type": "order.paid",
        "body": "",
    }
    assert body.signal("t", "b", {"id": "7"}, "order_event.v1-x") == {
        "kind": "signal",
        "type": "t",
        "body": "b",
        "attributes": {"id": "7"},
        "tagName": "order_event.v1-x",
    }


def test_left_out_None_and_a_value_are_three_things() -> None:
    assert body.delivery(UNSET, UNSET, None) == {}
    assert body.delivery(None, None, "k") == {
        "initialData": None,
        "uid": None,
        "idempotencyKey": "k",
    }
    assert body.delivery(Customer("Ada"), UNSET, None) == {"initialData": {"name": "Ada"}}
    assert body.delivery(UNSET, "inst_1", None) == {"uid": "inst_1"}


def test_a_key_is_fresh_given_or_off() -> None:
    assert body.idempotency_key(UNSET, "fresh") == "fresh"
    assert body.idempotency_key(None, "fresh") is None
    assert body.idempotency_key("k" * 256, "fresh") == "k" * 256


@pytest.mark.parametrize("key", ["", "k" * 257, "\U0001f389" * 129])
def test_a_key_of_a_length_that_the_server_refuses_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="idempotency_key"):
        body.idempotency_key(key, "fresh")


def test_a_key_that_the_server_takes_for_another_is_refused() -> None:
    with pytest.raises(ValueError, match="idempotency_key"):
        body.idempotency_key("k\ud800", "fresh")


@pytest.mark.parametrize("message", [None, b"x", 5, ["x"], {"body": "x"}])
def test_a_message_is_a_string(message: Any) -> None:
    with pytest.raises(TypeError):
        body.user_message(message)
    with pytest.raises(TypeError):
        body.signal("t", message, None, None)
    with pytest.raises(TypeError):
        body.signal(message, "b", None, None)


@pytest.mark.parametrize("tag", ["", "1a", "a b", "a\n", "é", "<a>", "-a", ".a"])
def test_a_tag_name_that_the_server_refuses_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="tag_name"):
        body.signal("t", "b", None, tag)


@pytest.mark.parametrize(
    ("attributes", "tag", "error"),
    [
        ([("a", "b")], None, TypeError),
        ({"a": 1}, None, TypeError),
        ({1: "a"}, None, TypeError),
        (None, 5, TypeError),
    ],
)
def test_attributes_and_tag_are_strings(attributes: Any, tag: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        body.signal("t", "b", attributes, tag)


@pytest.mark.parametrize(
    ("initial_data", "uid", "key", "error"),
    [
        ({"a": 1}, "inst_1", None, ValueError),
        (None, "inst_1", None, ValueError),
        (UNSET, "", None, ValueError),
        (UNSET, 5, None, TypeError),
        (object(), UNSET, None, TypeError),
        ({"a": float("nan")}, UNSET, None, ValueError),
    ],
)
def test_what_goes_beside_a_message_is_checked(
    initial_data: Any, uid: Any, key: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        body.delivery(initial_data, uid, key)


def test_the_place_in_the_initial_data_is_named() -> None:
    with pytest.raises(TypeError, match=r"initial_data\['a'\]\[1\]"):
        body.delivery({"a": [1, object()]}, UNSET, None)


def test_a_signal_without_a_type_is_refused() -> None:
    with pytest.raises(ValueError, match="type"):
        body.signal("", "b", None, None)
