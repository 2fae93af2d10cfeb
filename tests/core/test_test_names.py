"""The names of tests are sentences that fit on a line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
LONGEST = 70
"""Characters after `test_`."""


def names_of_tests() -> Iterator[str]:
    for path in sorted(TESTS.rglob("test_*.py")):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name.removeprefix("test_")


def test_no_name_of_a_test_is_longer_than_a_line_can_show() -> None:
    names = list(names_of_tests())
    assert len(names) > 1000
    assert [name for name in names if len(name) > LONGEST] == []
