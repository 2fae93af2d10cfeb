"""Runs the tests that need no Node on the other supported Pythons that are installed.

Each gets an environment of its own under .venvs, with the same pinned packages.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")
PORTABLE = ("tests/core", "tests/local", "tests/contract_spec/test_views.py")


def interpreter(version: str) -> str | None:
    """The path of a working `pythonX.Y`, if there is one other than the one that runs this."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return None
    found = shutil.which(f"python{version}")
    if found is None:
        return None
    probe = [found, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    answer = subprocess.run(probe, capture_output=True, text=True)
    return found if answer.stdout.strip() == version else None


def environment(version: str, python: str) -> Path:
    """An environment with the pinned packages; made anew when the pins change."""
    folder = ROOT / ".venvs" / version
    pins = (ROOT / "requirements-dev.txt").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    mark, stamp = folder / ".ready", hashlib.sha256(pins).hexdigest()
    if mark.exists() and mark.read_text() == stamp:
        return folder
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input"]
    subprocess.run([*pip, "-r", ROOT / "requirements-dev.txt"], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", ROOT], check=True)
    mark.write_text(stamp)
    return folder


def main() -> int:
    failed = 0
    for version in SUPPORTED:
        python = interpreter(version)
        if python is None:
            continue
        print(f"--- Python {version}", flush=True)
        folder = environment(version, python)
        command = [folder / "bin" / "python", "-m", "pytest", "-q", "-n", "auto", *PORTABLE]
        failed += subprocess.run(command, cwd=ROOT).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
