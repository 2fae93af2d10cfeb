"""What an attacker may try, and its outcome: the checks of `tests/security` as a table.

A whole run asks for known vulnerabilities of the dependencies as well (`pip-audit`)."""

from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path

from tests.security.canary import SURFACES
from tests.security.table import CHECKS, PURE
from tests.worlds import NAMES, world

from .options import Broken, Options

HOME = Path(__file__).resolve().parents[2] / ".cache" / "audit"
PACKAGES = ("the core", ""), ("the extra cli", "[cli]"), ("the extra testing", "[testing]")


def experiment(options: Options) -> str:
    lines = ["| about | what | outcome |", "|---|---|---|"]
    for key in [*CHECKS, *PURE]:
        outcome = _outcome(key)
        lines.append(f"| {key[0]} | {key[1]} | {outcome} |")
    lines += ["", f"Surfaces: {'; '.join(sorted(SURFACES))}."]
    if not options.quick:
        lines += ["", _audit()]
    return "\n".join(lines)


def _outcome(key: tuple[str, str]) -> str:
    """Run a check, in each world; its outcome must be the same in all."""
    try:
        if key in PURE:
            return PURE[key]()
        outcomes: set[str] = set()
        for name in NAMES:
            with world(name) as entered:
                outcomes.add(CHECKS[key](entered))
    except AssertionError as error:
        raise Broken(f"{': '.join(key)}: {error}") from error
    return " / ".join(sorted(outcomes))


def _audit() -> str:
    """Ask pip-audit for what is known of the versions that an installation gets today."""
    told = [f"{what} ({_audited(extra)})" for what, extra in PACKAGES]
    return f"`pip-audit`: {'; '.join(told)}."


def _audited(extra: str) -> str:
    """Install the package into an environment of its own, and ask for each of its dependencies.

    pip-audit counts a package that its database does not have as one without vulnerabilities."""
    venv.create(HOME, with_pip=True, clear=True)
    python, pinned = HOME / "bin" / "python", HOME / "requirements.txt"
    installed = _run(python, "-m", "pip", "install", "--quiet", f"{HOME.parents[1]}{extra}")
    pinned.write_text(_run(python, "-m", "pip", "freeze", "--exclude", "flue-client").stdout)
    tool = _run(python, "-m", "pip", "install", "--quiet", "pip-audit")
    if installed.returncode or tool.returncode:
        return "it cannot be installed here"
    asked = ("--no-deps", "--disable-pip", "--format", "json", "-r", pinned)
    answer = _run(python, "-m", "pip_audit", *asked).stdout
    if not answer:
        return "it gives no answer here"
    packages = json.loads(answer)["dependencies"]
    known = [each for each in packages if "skip_reason" not in each]
    found = [f"{each['name']} {each['version']}" for each in known if each["vulns"]]
    if found:
        raise Broken(f"known vulnerabilities: {', '.join(found)}")
    if not known:
        return f"{len(packages)} packages: its database cannot be reached from here"
    return f"{len(known)} of {len(packages)} packages in its database, no known vulnerability"


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
