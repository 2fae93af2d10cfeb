"""The code blocks of the documents, and how a block that is a script is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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
        return f"{self.document.stem.replace('-', '_')}_line_{self.line}"


def blocks(document: Path, language: str = "python") -> list[Block]:
    """The blocks of one language, in order."""
    text = document.read_text()
    found = [
        Block(document, text.count("\n", 0, one.start()) + 2, one[1], one[2] or "", one[3])
        for one in _BLOCK.finditer(text)
        if one[1] == language
    ]
    assert found
    return found


def scripts(document: Path) -> list[Block]:
    """The Python blocks that are whole programs."""
    return [block for block in blocks(document) if not (block.mark or block.has_tests)]


def run_script(block: Block, folder: Path, url: str) -> str:
    """Run a block in a process of its own, against the server at `url`; return what it prints."""
    script = folder / f"{block.name}.py"
    script.write_text(block.code)
    command = [sys.executable, "-W", "error", "-X", "dev", str(script)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "FLUE_BASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout
