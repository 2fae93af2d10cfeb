"""Runs the tests on the other supported Pythons that this machine has.

`make test-pythons` looks on PATH, in the system's folders, in the folders of pyenv and uv, and in
`.cache` (see `.ci/debian-pythons` and `.ci/free-threaded-python`). Of each minor version it takes
the oldest and the newest patch level, free-threaded builds apart; each gets an environment of its
own under `.venvs`, with the same pinned packages. Arguments go to pytest; the default is every test
that depends on the interpreter.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MINORS = (11, 12, 13, 14, 15)
DEPENDENT = (
    "core",
    "local",
    "unary",
    "streams",
    "conversations",
    "contract_spec/test_views.py",
    "docs/test_pages.py::test_the_scripts_of_a_page_run_as_they_stand",
    "docs/test_pages.py::test_the_tests_that_pages_show_pass",
    "packaging",
    "report/test_page.py",
    "report/test_run_tree.py",
    "cli/test_batches.py",
    "cli/test_chat_terminal.py",
    "cli/test_terminals.py",
    "cli/test_workflows.py",
    "doctor/test_connecting.py",
    "doctor/test_setting.py",
)
INSTALL_LIMIT, TEST_LIMIT = 900, 1800
"""Seconds for an environment's installation, and for its tests."""

_PROBE = """
import ensurepip, json, ssl, sqlite3, sys, sysconfig, venv
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([list(sys.version_info[:3]), free_threaded]))
"""


class Python(NamedTuple):
    """An interpreter: `command` starts it."""

    version: tuple[int, int, int]
    free_threaded: bool
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        return ".".join(map(str, self.version)) + ("t" if self.free_threaded else "")


class Packages(NamedTuple):
    """What an environment holds beside the package: a name for it, and what pip is told."""

    name: str
    arguments: tuple[str, ...]


PINNED = Packages("", ("-r", str(ROOT / "requirements-dev.txt")))


def candidates() -> Iterator[tuple[str, ...]]:
    """Commands that may start a Python."""
    home = Path.home()
    folders = [Path(place) for place in os.get_exec_path()]
    folders += [Path("/usr/bin"), Path("/usr/local/bin")]
    for managed in (
        Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"),
    ):
        folders += sorted(managed.glob("*/bin"))
    folders.append(ROOT / ".cache" / "free-threaded" / "bin")
    names = [f"python3.{minor}{suffix}" for minor in MINORS for suffix in ("", "t")]
    seen: set[Path] = set()
    for path in (folder / name for folder in folders for name in names):
        if path.is_file() and os.access(path, os.X_OK) and path.resolve() not in seen:
            seen.add(path.resolve())
            yield (str(path),)
    debian = ROOT / ".cache" / "debian"
    if (debian / ".ready").exists() and hasattr(os, "geteuid") and os.geteuid() == 0:
        for name in names:
            if (debian / "usr/bin" / name).exists():
                yield (str(ROOT / ".ci" / "in-debian"), name)


def probed(command: tuple[str, ...]) -> Python | None:
    """What `command` starts; `None` where it does not work or lacks what a venv needs."""
    try:
        answer = subprocess.run(
            [*command, "-c", _PROBE], capture_output=True, text=True, timeout=60, cwd="/"
        )
        version, free_threaded = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Python(tuple(version), free_threaded, command)


def chosen(found: Iterable[Python], in_use: tuple[int, int, int]) -> list[Python]:
    """The oldest and the newest patch level of each minor version but the one that is in use."""
    groups: dict[tuple[int, bool], list[Python]] = {}
    for python in sorted(found):
        if python.version[1] in MINORS:
            groups.setdefault((python.version[1], python.free_threaded), []).append(python)
    ends = {python.name: python for group in groups.values() for python in (group[0], group[-1])}
    main = ".".join(map(str, in_use))
    return [python for name, python in ends.items() if name != main]


def environment(python: Python, packages: Packages = PINNED) -> tuple[str, ...]:
    """The command of an environment with the packages; made anew when what they are changes."""
    folder = ROOT / ".venvs" / (python.name + packages.name)
    inner = (*python.command[:-1], str(folder / "bin" / "python"))
    files = (ROOT / name for name in ("requirements-dev.txt", "pyproject.toml"))
    pins = b"".join(file.read_bytes() for file in files) + repr(packages).encode()
    mark, stamp = folder / ".ready", hashlib.sha256(pins).hexdigest()
    if mark.exists() and mark.read_text() == stamp:
        return inner

    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, cwd=ROOT, timeout=INSTALL_LIMIT)

    pip = (*inner, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
    run(*python.command, "-m", "venv", "--clear", folder)
    run(*pip, *packages.arguments)
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ROOT)
    mark.write_text(stamp)
    return inner


def passes(python: Python, arguments: list[str], packages: Packages = PINNED) -> bool:
    pytest = ("-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal")
    command = [*environment(python, packages), *pytest]
    try:
        return subprocess.run([*command, *arguments], cwd=ROOT, timeout=TEST_LIMIT).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"Python {python.name}: no end after {TEST_LIMIT} s", flush=True)
        return False


def main() -> int:
    arguments = sys.argv[1:] or [f"tests/{name}" for name in DEPENDENT]
    found = filter(None, map(probed, candidates()))
    in_use: tuple[int, int, int] = sys.version_info[:3]
    pythons = chosen(found, in_use)
    present = {each.version[1] for each in pythons if not each.free_threaded} | {in_use[1]}
    for minor in MINORS:
        if minor not in present:
            print(f"--- Python 3.{minor} is not on this machine: not tested", flush=True)
    if not any(python.free_threaded for python in pythons):
        print("--- no free-threaded Python is on this machine: not tested", flush=True)
    failed: list[str] = []
    for python in pythons:
        print(f"--- Python {python.name}", flush=True)
        began = time.monotonic()
        if not passes(python, arguments):
            failed.append(python.name)
        print(f"--- Python {python.name}: {time.monotonic() - began:.0f} s", flush=True)
    if failed:
        print(f"failed on Python {', '.join(failed)} ({platform.platform()})", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
