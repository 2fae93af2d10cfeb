"""Resolves the token, headers and query parameters for each HTTP attempt.

A function given by the user is run by the driver (`Call`), so that it may be async in the async
client. Values never appear in messages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, cast

from attrs import evolve, field, frozen

from .._values.checks import mapping, text, wrong_type
from .._values.http import Request, with_query
from .._values.steps import Call, Flow, Outcome

Token: TypeAlias = str | Callable[[], str]
HeaderValue: TypeAlias = Token
Headers: TypeAlias = Mapping[str, HeaderValue] | Callable[[], Mapping[str, HeaderValue]]

AsyncToken: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""What async code may give, where a function may be async: blocking code's is a case of it."""
AsyncHeaderValue: TypeAlias = AsyncToken
AsyncHeaders: TypeAlias = (
    Mapping[str, AsyncHeaderValue]
    | Callable[[], Mapping[str, AsyncHeaderValue] | Awaitable[Mapping[str, AsyncHeaderValue]]]
)

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = r"[\t\x20-\x7e\x80-\xff]*"
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te"})


@frozen
class Credentials:
    """The `token`, `headers` and `params` of a client or stream; checked when it is made."""

    token: AsyncToken | None = field(default=None, repr=False)
    headers: AsyncHeaders | None = field(default=None, repr=False)
    params: Mapping[str, AsyncHeaderValue] | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.token is not None and not callable(self.token):
            _checked_token(self.token)
        for name, value in _fixed(self.headers).items():
            _checked(name, value)
        for name, value in _items(self.params):
            if not callable(value):
                _checked_parameter(name, value)

    @property
    def refreshable(self) -> bool:
        """Whether some value is a function, which may return another value next time."""
        values: list[Any] = [self.token, self.headers]
        values += [value for _, value in _items(self.headers)]
        values += [value for _, value in _items(self.params)]
        return any(callable(value) for value in values)

    def applied_to(self, request: Request) -> Flow[Request]:
        """Return `request` with the credentials of this attempt; explicit headers win."""
        headers = dict(request.headers)
        given = yield from self._resolved_headers()
        if self.token is not None and "authorization" not in given:
            token = _checked_token((yield from _resolved(self.token)))
            headers["authorization"] = f"Bearer {token}"
        headers.update(given)
        params: dict[str, str] = {}
        for name, value in _items(self.params):
            params[name] = _checked_parameter(name, (yield from _resolved(value)))
        return evolve(request, url=with_query(request.url, params), headers=headers)

    def _resolved_headers(self) -> Flow[dict[str, str]]:
        given = self.headers
        if callable(given):
            given = yield from _resolved(given)
        if given is None:
            return {}
        resolved: dict[str, str] = {}
        for name, value in _checked_headers(given).items():
            resolved[name.lower()] = _checked(name, (yield from _resolved(value)))
        return resolved


def _resolved(value: Any) -> Flow[Any]:
    if not callable(value):
        return value
    outcome: Outcome = yield Call(value)
    return outcome.get()


def _fixed(headers: AsyncHeaders | None) -> dict[str, Any]:
    if headers is None or callable(headers):
        return {}
    items = _checked_headers(headers).items()
    return {name: value for name, value in items if not callable(value)}


def _items(given: object) -> list[tuple[str, Any]]:
    return list(cast(Mapping[str, Any], given).items()) if isinstance(given, Mapping) else []


def _checked_headers(value: object) -> Mapping[str, Any]:
    return mapping(value, "headers", "a mapping or a function")


def _checked(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(_NAME, name):
        raise ValueError(
            "a name in headers has a character that no header name has, or none at all"
        )
    if name.lower() in _FRAMING:
        raise ValueError(f"the header {name!r} belongs to the HTTP connection and cannot be set")
    given = text(value, f"the header {name!r}")
    if not re.fullmatch(_VALUE, given):
        raise ValueError(f"the header {name!r} has a control or non-Latin-1 character in its value")
    return given.strip()


def _checked_parameter(name: str, value: Any) -> str:
    return text(value, f"the parameter {name!r}")


def _checked_token(token: Any) -> str:
    if not isinstance(token, str):
        raise wrong_type("token", "a string or a function", token)
    if not token or not re.fullmatch(_VALUE, token) or token != token.strip():
        raise ValueError("token must be a string of visible characters, and not empty")
    return token
