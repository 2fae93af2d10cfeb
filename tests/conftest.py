"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .servers.fixtures import *  # noqa: F403
from .worlds import NAMES, World, world


@pytest.fixture(params=NAMES)
def any_world(request: Any) -> Iterator[World]:
    """Each of the worlds in turn."""
    with world(request.param) as entered:
        yield entered
