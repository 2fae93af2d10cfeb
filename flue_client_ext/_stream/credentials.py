"""Resolves the token, headers and query parameters for each HTTP attempt.

A function given by the user is run by the driver (`Call`), so that it may be async in the async
world. Values never appear in messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from attrs import evolve, field, frozen

from .._values.http import Request, with_query
from .._values.steps import Call, Flow, Outcome

HeaderValue: TypeAlias = str | Callable[[], Any]
Headers: TypeAlias = Mapping[str, HeaderValue] | Callable[[], Any]
Token: TypeAlias = str | Callable[[], Any]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te"})


@frozen
class Credentials:
    """The `token`, `headers` and `params` of a client or stream; checked when it is made."""

    token: Token | None = field(default=None, repr=False)
    headers: Headers | None = field(default=None, repr=False)
    params: Mapping[str, HeaderValue] | None = field(default=None, repr=False)

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
        """Whether asking again can give something new."""
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
        mapping = self.headers
        if callable(mapping):
            mapping = yield from _resolved(mapping)
        if mapping is None:
            return {}
        resolved: dict[str, str] = {}
        for name, value in _checked_mapping(mapping, "headers").items():
            resolved[name.lower()] = _checked(name, (yield from _resolved(value)))
        return resolved


def _resolved(value: Any) -> Flow[Any]:
    if not callable(value):
        return value
    outcome: Outcome = yield Call(value)
    return outcome.get()


def _fixed(headers: Headers | None) -> dict[str, Any]:
    if headers is None or callable(headers):
        return {}
    mapping = _checked_mapping(headers, "headers")
    return {name: value for name, value in mapping.items() if not callable(value)}


def _items(mapping: object) -> list[tuple[str, Any]]:
    return list(cast(Mapping[str, Any], mapping).items()) if isinstance(mapping, Mapping) else []


def _checked_mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} must be a mapping or a function, not {type(value).__name__}")
    return cast(Mapping[str, Any], value)


def _checked(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a header name")
    if name.lower() in _FRAMING:
        raise ValueError(f"the header {name!r} belongs to the HTTP connection and cannot be set")
    if not isinstance(value, str):
        raise TypeError(f"the header {name!r} must be a string, not {type(value).__name__}")
    if not _VALUE.fullmatch(value):
        raise ValueError(f"the header {name!r} has a control or non-Latin-1 character in its value")
    return value.strip()


def _checked_parameter(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"the parameter {name!r} must be a string, not {type(value).__name__}")
    return value


def _checked_token(token: Any) -> str:
    if not isinstance(token, str):
        raise TypeError(f"token must be a string or a function, not {type(token).__name__}")
    if not token or not _VALUE.fullmatch(token) or token != token.strip():
        raise ValueError("token must be a string of visible characters, and not empty")
    return token
