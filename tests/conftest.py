"""Fixtures for all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from .limits import *  # noqa: F403
from .servers.fixtures import *  # noqa: F403
from .worlds import NAMES, World, world

# How long examples take says something of the machine, not of the code.
settings.register_profile("flue", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("flue")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: half of the time, tests wait for something."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What was collected lives as long as the process: no garbage collection looks at it again."""
    gc.freeze()


@pytest.fixture(params=NAMES)
def any_world(request: Any) -> Iterator[World]:
    """Each of the worlds in turn."""
    with world(request.param) as entered:
        yield entered
