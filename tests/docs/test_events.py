"""docs/events.md is what is made of `openapi.yaml`."""

from __future__ import annotations

import pytest


def test_the_page_is_generated_from_the_contract() -> None:
    pytest.importorskip("ruamel.yaml")
    from .events import PAGE, document

    assert document() == PAGE.read_text()
