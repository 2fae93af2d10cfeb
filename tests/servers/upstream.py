"""Upstream's own JavaScript, ready to run: the folder of `tests/upstream` with its dependencies, or
another one like it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.servers.node import CHECKOUT, digest, install, make_once

SCRIPTS = CHECKOUT / "tests" / "upstream"


def scripts(project: Path = SCRIPTS) -> Path:
    """Return a folder with the scripts in it from which Node finds what they import."""
    files = sorted(project.glob("*.mjs"))
    target = install(project) / "scripts" / digest(*files)

    def fill(scratch: Path) -> None:
        for file in files:
            shutil.copy(file, scratch)

    return make_once(target, fill)
