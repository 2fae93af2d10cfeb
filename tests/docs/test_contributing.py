"""What a contributor is told exists: targets, folders, hooks that need nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def hooks() -> list[dict[str, Any]]:
    yaml = pytest.importorskip("ruamel.yaml").YAML(typ="safe")
    config = yaml.load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    return list(config["repos"][0]["hooks"])


def test_every_target_that_is_named_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)`", CONTRIBUTING + (ROOT / "README.md").read_text()))
    assert {"quick", "check", "test", "generate"} <= named
    assert named <= TARGETS


def test_every_test_folder_has_its_line() -> None:
    named = set(re.findall(r"`tests/([a-z_]+)`", CONTRIBUTING))
    present = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}
    assert named == present


def test_the_hooks_run_targets_and_fetch_nothing() -> None:
    for hook in hooks():
        assert hook["language"] == "system"
        assert hook["entry"].startswith("make --silent ")
        assert hook["entry"].rpartition(" ")[2] in TARGETS


def test_the_page_is_one_page() -> None:
    assert len(CONTRIBUTING.splitlines()) <= 80
