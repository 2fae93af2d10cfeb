"""Which Pythons are supported, and which of those that a machine has are tested."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.pythons import MINORS, Python, chosen

ROOT = Path(__file__).resolve().parents[2]


def python(*version: int, free_threaded: bool = False) -> Python:
    major, minor, patch = version
    return Python((major, minor, patch), free_threaded, (f"/usr/bin/python{major}.{minor}",))


def test_the_package_claims_the_versions_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    prefix = "Programming Language :: Python :: 3."
    claimed = [c.removeprefix(prefix) for c in project["classifiers"] if c.startswith(prefix)]
    assert claimed == [str(minor) for minor in MINORS]
    assert project["requires-python"] == f">=3.{MINORS[0]}"


def test_the_oldest_and_the_newest_patch_level_of_each_minor_are_tested() -> None:
    found = [python(3, 12, patch) for patch in (4, 1, 10)] + [python(3, 13, 0)]
    names = [each.name for each in chosen(found, in_use=(3, 11, 7))]
    assert names == ["3.12.1", "3.12.10", "3.13.0"]


def test_another_patch_level_of_the_minor_in_use_is_tested() -> None:
    found = [python(3, 11, 2), python(3, 11, 7)]
    assert [each.name for each in chosen(found, in_use=(3, 11, 7))] == ["3.11.2"]


def test_a_free_threaded_build_stands_beside_the_ordinary_one() -> None:
    found = [python(3, 14, 0), python(3, 14, 0, free_threaded=True)]
    assert [each.name for each in chosen(found, in_use=(3, 11, 7))] == ["3.14.0", "3.14.0t"]


def test_versions_that_are_not_supported_are_left_out() -> None:
    assert chosen([python(3, 10, 1), python(3, 16, 0)], in_use=(3, 11, 7)) == []
