"""The tests with the lowest and with the newest versions of each dependency.

`make test-dependencies` makes an environment of each kind for this Python; `python -m
tests.dependencies --everywhere` for each other one, too, that `tests/pythons.py` finds. Other
arguments go to pytest. Warnings are errors, as in every run of the tests.
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections.abc import Iterator

from packaging.requirements import Requirement

from tests.pythons import DEPENDENT, ROOT, Packages, Python, candidates, chosen, passes, probed

LEFT_OUT = {
    "mypy",
    "openapi-python-client",
    "opentelemetry-instrumentation-httpx",
    "pyright",
    "pytest-httpx",
    "respx",
    "schemathesis",
}
"""What these tests do not need, or what belongs to one version of httpx."""


def tools() -> Iterator[str]:
    """Yield what the tests import themselves; pip finds versions that go with the client's."""
    for line in (ROOT / "requirements-dev.in").read_text().splitlines():
        if line[:1] not in "#-" and Requirement(line).name not in LEFT_OUT:
            yield line


def required() -> Iterator[Requirement]:
    """Yield what the package needs, with every extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for texts in (project["dependencies"], *project["optional-dependencies"].values()):
        yield from map(Requirement, texts)


def lowest() -> str:
    """Pin each dependency that has a lower bound to it, in the form of a constraints file."""
    pins: set[str] = set()
    for each in required():
        marker = f" ; {each.marker}" if each.marker else ""
        bounds = [bound.version for bound in each.specifier if bound.operator == ">="]
        pins.update(f"{each.name}=={bound}{marker}" for bound in bounds)
    return "\n".join(sorted(pins)) + "\n"


def kinds() -> list[Packages]:
    constraints = ROOT / ".cache" / "lowest.txt"
    constraints.parent.mkdir(exist_ok=True)
    constraints.write_text(lowest())
    wanted = (*map(str, required()), *tools())
    return [
        Packages("lowest", ("-c", str(constraints), *wanted)),
        Packages("newest", ("--upgrade", *wanted)),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.dependencies", description=__doc__)
    parser.add_argument("--everywhere", action="store_true", help="on every Python that is found")
    parser.add_argument("--lowest", action="store_true", help="only the lowest versions")
    given, arguments = parser.parse_known_args()
    arguments = arguments or [
        *(f"tests/{name}" for name in DEPENDENT if not name.startswith(("docs", "packaging"))),
        "--ignore=tests/unary/test_instrumented.py",  # of tools that belong to one httpx each
    ]
    in_use: tuple[int, int, int] = sys.version_info[:3]
    pythons = [Python(in_use, False, (sys.executable,))]
    if given.everywhere:
        pythons += chosen(filter(None, map(probed, candidates())), in_use)
    failed: list[str] = []
    for python in pythons:
        for packages in kinds()[: 1 if given.lowest else 2]:
            began = time.monotonic()
            ended = "passed" if passes(python, arguments, packages) else "failed"
            name = f"Python {python.name}, {packages.name} versions"
            print(f"--- {name}: {ended}, {time.monotonic() - began:.0f} s", flush=True)
            failed += [name] * (ended == "failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
