"""A check over both kinds of connections: the client's own, and those of a user's httpx client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.unary.support import borrowed
from tests.worlds import World

Check = Callable[[World], str]


class OverHttpx(World):
    """A world whose clients and streams send their requests by `own`."""

    def __init__(self, world: World, own: Any) -> None:
        self.name, self.portal = world.name, world.portal
        self._world, self._own = world, own

    def client(self, base_url: str | None = None, **options: Any) -> Any:
        return self._world.client(base_url, http_client=self._own, **options)

    def durable(self, url: str, **options: Any) -> Any:
        return self._world.durable(url, http_client=self._own, **options)


@contextmanager
def over_httpx(world: World, **options: Any) -> Iterator[World]:
    """`options`: of the httpx client."""
    with borrowed(world, **options) as own:
        yield OverHttpx(world, own)


def over_both(check: Check) -> Check:
    """Return a check that is run over both, with the same outcome."""

    def checked(world: World) -> str:
        outcome = check(world)
        with over_httpx(world) as other:
            there = check(other)
        assert there == outcome, f"{there} over httpx, {outcome} over own connections"
        return outcome

    return checked
