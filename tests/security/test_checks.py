"""Each check of the table, in every world."""

from __future__ import annotations

import pytest

from tests.worlds import World

from .table import CHECKS, PURE


@pytest.mark.odd_answers
@pytest.mark.parametrize(("about", "name"), CHECKS)
def test_a_promise_holds_in_every_world(any_world: World, about: str, name: str) -> None:
    assert CHECKS[about, name](any_world)


@pytest.mark.parametrize(("about", "name"), PURE)
def test_a_promise_holds(about: str, name: str) -> None:
    assert PURE[about, name]()
