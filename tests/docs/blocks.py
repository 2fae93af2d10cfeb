"""The code blocks of the pages, and how those that are scripts are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Runs scripts one after another in one process, each as the main module; a line says which.
_RUNNER = """
import runpy, sys
for path in sys.argv[1:]:
    print("\\0" + path, flush=True)
    runpy.run_path(path, run_name="__main__")
"""


@frozen
class Block:
    """A block of a document: its language, the word after that (`""` if none), its code, and the
    line on which the code begins."""

    document: Path
    line: int
    language: str
    mark: str
    code: str

    @property
    def has_tests(self) -> bool:
        return "def test_" in self.code

    @property
    def name(self) -> str:
        page = self.document.relative_to(ROOT).with_suffix("")
        return f"{re.sub(r'[^a-zA-Z0-9]', '_', str(page))}_line_{self.line}"


def pages() -> list[Path]:
    """Every page that users read, those of the site and what becomes one."""
    elsewhere = (
        README,
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        ROOT / "benchmarks/README.md",
    )
    return [*elsewhere, *sorted(DOCS.rglob("*.md"))]


def every_block(document: Path) -> list[Block]:
    """The blocks of all languages, in order."""
    text = document.read_text()
    return [
        Block(document, text.count("\n", 0, one.start()) + 2, one[1], one[2] or "", one[3])
        for one in _BLOCK.finditer(text)
    ]


def blocks(document: Path, language: str = "python") -> list[Block]:
    """The blocks of one language, in order; there is one at least."""
    found = [block for block in every_block(document) if block.language == language]
    assert found
    return found


def scripts(document: Path) -> list[Block]:
    """The Python blocks that are whole programs."""
    return [
        block
        for block in every_block(document)
        if block.language == "python" and not (block.mark or block.has_tests)
    ]


def run_script(block: Block, folder: Path, url: str) -> str:
    """Run a block in a process of its own, against the server at `url`; return what it prints."""
    (printed,) = run_scripts([block], folder, url)
    return printed


def run_scripts(several: Sequence[Block], folder: Path, url: str) -> list[str]:
    """Run blocks in one process, against the server at `url`; return what each prints."""
    files = [folder / f"{block.name}.py" for block in several]
    for file, block in zip(files, several, strict=True):
        file.write_text(block.code)
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", _RUNNER, *map(str, files)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "FLUE_BASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return [part.partition("\n")[2] for part in done.stdout.split("\0")[1:]]
