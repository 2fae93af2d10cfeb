"""What makes a client an ordinary Python class: namespaces that the class itself shows, and copies
that keep what a subclass has added."""

# The session of a client is private to the client and this module:
# pyright: reportPrivateUsage=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from inspect import getattr_static
from typing import Any, Generic, Protocol, TypeVar, cast, overload

N = TypeVar("N")
C = TypeVar("C", bound="Client")


class Client(Protocol):
    _session: Any
    _namespaces: dict[type[Any], Any]


class Namespace(Generic[N]):
    """Attribute `client.runs`. On the class it is the namespace's class, so that `help`,
    `create_autospec` and `MagicMock(spec=...)` see its methods; on a client it is the client's own
    instance, made once. `load` returns the class when it is first wanted: who talks to no agents
    does not wait for their modules."""

    def __init__(self, load: Callable[[], type[N]]) -> None:
        self._load = load

    @overload
    def __get__(self, client: None, owner: type[Any]) -> type[N]: ...
    @overload
    def __get__(self, client: Any, owner: type[Any]) -> N: ...
    def __get__(self, client: Any, owner: type[Any]) -> N | type[N]:
        kind: Any = self._load()
        if client is None:
            return cast(type[N], kind)
        made = client._namespaces.get(kind)
        if made is None:  # two threads at once get the same one
            made = client._namespaces.setdefault(kind, kind(client._session))
        return cast(N, made)


def sibling(client: C, session: Any) -> C:
    """Return a client of the same class over another session, with the attributes that a subclass
    has set. `__init__` is not called: its arguments are not known any more. Values of a
    `cached_property` are not copied, since they may depend on the session."""
    other = object.__new__(type(client))
    for name, value in _attributes(client).items():
        if not isinstance(getattr_static(type(client), name, None), cached_property):
            object.__setattr__(other, name, value)
    own: dict[str, Any] = {"_session": session, "_namespaces": {}, "_owner": False}
    for name, value in own.items():
        object.__setattr__(other, name, value)  # the `__setattr__` of a subclass may refuse
    return other


def _attributes(client: object) -> dict[str, Any]:
    """The instance's `__dict__` and, of a subclass with `__slots__`, what they hold."""
    state = cast(Any, object).__getstate__(client)
    parts: list[Any] = list(state) if type(state) is tuple else [state]
    return {name: value for part in parts if part for name, value in part.items()}
