"""Where a conversation is, and what is refused as its address."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext._conversation_urls import conversation_url
from flue_client_ext._http.address import base_address

BASE = base_address("http://flue.test:8080/api/", None, own_client=True)


def located(name: Any = None, id: Any = None, path: Any = None, url: Any = None, /) -> str:
    return conversation_url(BASE, name, id, path, url)


@pytest.mark.parametrize(
    ("name", "id", "path"),
    [
        ("support", "ticket-42", "support/ticket-42"),
        ("support", "a/b", "support/a%2Fb"),
        ("support", "../../x", "support/..%2F..%2Fx"),
        ("support", "50%", "support/50%25"),
        ("support", "é 世?#", "support/%C3%A9%20%E4%B8%96%3F%23"),
        ("a b", "x" * 2000, "a%20b/" + "x" * 2000),
    ],
)
def test_a_name_and_an_id_are_one_segment_each(name: str, id: str, path: str) -> None:
    assert located(name, id) == f"http://flue.test:8080/api/agents/{path}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("private/chat/t", "private/chat/t"),
        ("/private/chat/t", "private/chat/t"),
        ("chat/a%2Fb", "chat/a%2Fb"),
        ("chat/é x", "chat/%C3%A9%20x"),
        ("chat/a:b@c;d=e", "chat/a:b@c;d=e"),
    ],
)
def test_a_path_lies_under_the_base_and_keeps_its_escapes(path: str, expected: str) -> None:
    assert located(None, None, path) == f"http://flue.test:8080/api/{expected}"


def test_a_whole_url_may_leave_the_mount_but_not_the_origin() -> None:
    assert located(None, None, None, "http://FLUE.test:8080/x/y") == "http://flue.test:8080/x/y"
    for other in ("http://flue.test/x", "https://flue.test:8080/x", "http://other.test:8080/x"):
        with pytest.raises(ValueError, match="origin"):
            located(None, None, None, other)


@pytest.mark.parametrize("blank", ["", " ", "\t ", "\u3000", ".", "..", "a\nb", "\ud800"])
def test_what_addresses_no_conversation_is_refused(blank: str) -> None:
    for given in ((blank, "x"), ("x", blank)):
        with pytest.raises(ValueError, match=r"\b(name|id)\b"):
            located(*given)


@pytest.mark.parametrize(
    "path",
    ["", "/", "a/", "a//b", "//a", "a/%20", "a/..", "a/%2e%2E/b", "a?x=1", "a#x", "a/5%", "a/%0A"],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        located(None, None, path)


@pytest.mark.parametrize("end", ["", "/", "/x/", "/x/%2e%2e/y", "/x?a=1", "/x?", "/x#a", "/%zz"])
def test_a_url_without_a_conversation_is_refused(end: str) -> None:
    with pytest.raises(ValueError, match="url"):
        located(None, None, None, f"http://flue.test:8080{end}")


def test_a_url_with_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="url") as caught:
        located(None, None, None, "http://user:hunter2@flue.test:8080/x")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [(5, "x"), ("x", None), (None, "x"), ("x", b"x"), (None, None, 5), (None, None, None, b"x")],
)
def test_an_address_is_made_of_strings(given: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        located(*given)


@pytest.mark.parametrize(
    "given", [(), ("a", "b", "c"), ("a", "b", None, "http://flue.test:8080/x"), ("a", None, "c")]
)
def test_a_conversation_is_named_in_one_way(given: tuple[Any, ...]) -> None:
    with pytest.raises((ValueError, TypeError)):
        located(*given)
