"""A fixture for the tests whose servers say what openapi.yaml describes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract_spec.received import checked_answers


@pytest.fixture(autouse=True)
def answers_fit_the_contract(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check every answer that a test receives, unless it is marked `odd_answers`."""
    if request.node.get_closest_marker("odd_answers"):
        yield
    else:
        with checked_answers():
            yield
