"""Who we say we are: evaluated for every attempt, checked, and never shown."""

from __future__ import annotations

import pickle
from typing import Any

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._values.http import Request
from flue_client_ext._values.steps import Call

from .play import ManualClock, Play

REQUEST = Request("GET", "http://server.test/x?a=1", {"accept": "application/json"})


def applied(credentials: Credentials, request: Request = REQUEST) -> Request:
    """`request` with the credentials of one attempt, the user's functions being run."""
    play = Play(credentials.applied_to(request), ManualClock())
    while isinstance(play.step, Call):
        play.called()
    assert isinstance(play.result, Request)
    return play.result


def test_a_token_is_sent_as_a_bearer() -> None:
    assert applied(Credentials("abc")).headers["authorization"] == "Bearer abc"


def test_without_credentials_the_request_is_as_it_was() -> None:
    assert applied(Credentials()) == REQUEST
    assert "authorization" not in applied(Credentials(headers={"x-a": "1"})).headers


def test_functions_are_asked_anew_for_every_attempt() -> None:
    numbers = iter(range(100))

    def count() -> str:
        return str(next(numbers))

    credentials = Credentials(count, {"x-n": count, "x-fixed": "f"}, {"sig": count, "p": "q"})
    first, second = applied(credentials), applied(credentials)
    assert first.headers["x-n"] == "0"
    assert first.headers["authorization"] == "Bearer 1"
    assert first.url == "http://server.test/x?a=1&sig=2&p=q"
    assert (second.headers["x-n"], second.headers["authorization"]) == ("3", "Bearer 4")
    assert second.headers["x-fixed"] == "f"
    assert second.url.endswith("sig=5&p=q")


def test_all_headers_may_come_from_one_function() -> None:
    given: dict[str, Any] = {"X-One": "1", "X-Two": lambda: "2"}
    credentials = Credentials(headers=lambda: given)
    headers = applied(credentials).headers
    assert (headers["x-one"], headers["x-two"]) == ("1", "2")


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("late", [False, True])
def test_an_explicit_authorization_wins_and_the_token_is_not_even_asked_for(
    name: str, late: bool
) -> None:
    def never() -> str:
        raise AssertionError("asked for")

    headers: Any = {name: "Basic x"}
    credentials = Credentials(never, (lambda: headers) if late else headers)
    assert applied(credentials).headers["authorization"] == "Basic x"


def test_the_users_headers_replace_ours_whatever_their_case() -> None:
    headers = applied(Credentials(headers={"Accept": "text/plain"})).headers
    assert headers == {"accept": "text/plain"}


def test_parameters_are_escaped_and_begin_a_query_where_there_is_none() -> None:
    bare = Request("GET", "http://server.test/x")
    assert applied(Credentials(params={"a b": "c&d=é"}), bare).url == (
        "http://server.test/x?a+b=c%26d%3D%C3%A9"
    )


def test_the_error_of_a_users_function_reaches_the_user() -> None:
    def broken() -> str:
        raise LookupError("no token")

    for credentials in (Credentials(broken), Credentials(headers={"x": broken})):
        with pytest.raises(LookupError):
            applied(credentials)


@pytest.mark.parametrize(
    ("credentials", "refreshable"),
    [
        (Credentials(), False),
        (Credentials("t", {"x": "y"}, {"p": "q"}), False),
        (Credentials(lambda: "t"), True),
        (Credentials("t", {"x": lambda: "y"}), True),
        (Credentials(headers=dict), True),
        (Credentials(params={"p": lambda: "q"}), True),
    ],
)
def test_only_functions_can_give_something_new(credentials: Credentials, refreshable: bool) -> None:
    assert credentials.refreshable is refreshable


INJECTIONS = ["SECRET\r\nx: y", "SECRET\n", "\nSECRET", "SECRET\0", "SECRET\x1b", "SECRET\u20ac"]


@pytest.mark.parametrize("value", [*INJECTIONS, b"SECRET", 5, ["SECRET"]])
def test_a_value_that_is_no_header_value_is_refused_and_not_shown(value: Any) -> None:
    for make in (
        lambda: Credentials(headers={"x-h": value}),
        lambda: applied(Credentials(headers={"x-h": lambda: value})),
        lambda: applied(Credentials(headers=lambda: {"x-h": value})),
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            make()
        assert "x-h" in str(caught.value)
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("token", [*INJECTIONS, "", " ", " SECRET", b"SECRET", 5, True])
def test_a_token_that_is_no_token_is_refused_and_not_shown(token: Any) -> None:
    for make in (
        lambda: Credentials(token),
        lambda: applied(Credentials(lambda: token)),
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            make()
        assert "token" in str(caught.value)
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "a b", "a:b", "x\r\ny", "é", "Host", "content-LENGTH", "Transfer-Encoding", 5]
)
def test_a_name_that_is_no_header_name_or_not_the_users_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="header"):
        Credentials(headers={name: "v"})
    with pytest.raises(ValueError, match="header"):
        applied(Credentials(headers=lambda: {name: "v"}))


@pytest.mark.parametrize("headers", [["x", "y"], "x: y", 5])
def test_headers_that_are_no_mapping_are_refused(headers: Any) -> None:
    with pytest.raises(TypeError, match="headers"):
        Credentials(headers=headers)
    with pytest.raises(TypeError, match="headers"):
        applied(Credentials(headers=lambda: headers))


@given(st.text(st.characters(max_codepoint=0x120), max_size=12))
@settings(max_examples=400, deadline=None)
def test_every_value_that_is_accepted_can_be_sent(value: str) -> None:
    try:
        headers = applied(Credentials(headers={"x": value})).headers
    except ValueError:
        return
    raw = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    h11.Request(method="GET", target="/", headers=[(b"host", b"h"), *raw])


def test_secrets_show_in_no_repr() -> None:
    credentials = Credentials("SECRET1", {"x-key": "SECRET2"}, {"sig": "SECRET3"})
    request = applied(credentials)
    assert "SECRET" not in repr(credentials) + repr(request)
    assert "SECRET3" in pickle.loads(pickle.dumps(request)).url
