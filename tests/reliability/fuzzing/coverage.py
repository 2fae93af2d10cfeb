"""The targets under atheris, which looks for inputs that reach new code.

atheris instruments the package as it is imported, so each target runs in a process of its own, of
an environment in `.cache` that has atheris and what the client needs. There are wheels of atheris
for some versions of CPython on Linux and macOS; where there is none, this part says so."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from tests.reliability.options import Broken

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / ".cache" / "atheris"
_LONGEST = 4096
"""Bytes of an input."""


class Unavailable(Exception):
    """atheris cannot be installed here; says why."""


def prepared() -> Path:
    """Return an interpreter that has atheris; make its environment the first time."""
    python = HOME / "bin" / "python"
    if (HOME / ".ready").exists():
        return python
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["cli"], "trustme"]
    venv.create(HOME, with_pip=True, clear=True)
    command = [python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", "atheris", *needed]
    installed = subprocess.run(command, capture_output=True, text=True)
    if installed.returncode:
        raise Unavailable(installed.stderr.strip().rpartition("\n")[2])
    (HOME / ".ready").touch()
    return python


def run(name: str, seconds: int, seed: int) -> str:
    """Fuzz a target for so long; return what atheris says of it."""
    python = prepared()  # first: it clears what else is there
    corpus = HOME / "corpus" / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [
        *(python, "-m", __name__, name),
        *(f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-seed={seed & 0xFFFFFFFF or 1}"),
        *("-timeout=10", f"-artifact_prefix={HOME}/", "-print_final_stats=1", corpus),
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    if ran.returncode:
        raise Broken(f"{name}:\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}")
    tried = re.search(r"number_of_executed_units: (\d+)", ran.stderr)
    reached = re.findall(r"cov: (\d+)", ran.stderr)
    return f"{int(tried[1]) if tried else 0:,} inputs, {reached[-1] if reached else '?'} edges"


def main() -> None:
    """In the environment of atheris: fuzz one target until libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["flue_client", "flue_client_ext", "h11", "email"]):
        from .targets import TARGETS, attempt

    def read(data: bytes) -> None:
        attempt(name, data)

    name, *options = sys.argv[1:]
    corpus = Path(options[-1])
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *options], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
