"""Every Python block of the documents passes mypy and pyright in strict mode, as it stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .blocks import ROOT, every_block, pages

PYRIGHT = {
    "venvPath": str(ROOT),
    "venv": ".venv",
    "extraPaths": [str(ROOT)],
    "typeCheckingMode": "strict",
}


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All blocks as files of one folder."""
    folder = tmp_path_factory.mktemp("blocks")
    for block in (block for page in pages() for block in every_block(page)):
        if block.language == "python":
            folder.joinpath(f"{block.name}.py").write_text(block.code)
    for name, fewest in (("README", 3), ("docs_testing", 3), ("docs_conversations", 8)):
        assert len(list(folder.glob(f"{name}_*.py"))) >= fewest
    return folder


def check(folder: Path, *command: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=folder,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_mypy_has_nothing_against_an_example(blocks: Path) -> None:
    """In the settings of the project, which are strict, so that its cache has all but them."""
    code, said = check(ROOT, "mypy", "--no-error-summary", *sorted(blocks.glob("*.py")))
    assert (code, said) == (0, "")


def test_pyright_has_nothing_against_an_example(blocks: Path) -> None:
    blocks.joinpath("pyrightconfig.json").write_text(json.dumps(PYRIGHT))
    code, said = check(blocks, "pyright")
    assert code == 0, said
