"""Upstream's own JavaScript, ready to run: the folder of `tests/upstream` with its dependencies."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.servers.node import CHECKOUT, digest, install, make_once

SCRIPTS = CHECKOUT / "tests" / "upstream"


def scripts() -> Path:
    """Return a folder with the scripts in it from which Node finds what they import."""
    files = sorted(SCRIPTS.glob("*.mjs"))
    target = install(SCRIPTS) / "scripts" / digest(*files)

    def fill(scratch: Path) -> None:
        for file in files:
            shutil.copy(file, scratch)

    return make_once(target, fill)
