"""What is installed: the versions of the client, of Python, of OpenSSL and of the dependencies."""

from __future__ import annotations

import platform
import re
import ssl
from collections.abc import Callable, Iterator
from importlib import metadata
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from .._stream.sse import sse_client
from .._version import __version__
from .finding import Finding, finding

_DISTRIBUTION = "flue-client"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_CLAUSE = re.compile(r"(>=|<=|==|!=|<|>)\s*([0-9]+(?:\.[0-9]+)*)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": ge,
    "<=": le,
    "==": eq,
    "!=": ne,
    "<": lt,
    ">": gt,
}


def versions() -> Iterator[Finding]:
    """Yield all versions, and what is wrong with a dependency."""
    found: dict[str, str | None] = {}
    for name, requirement in _required():
        try:
            found[name] = version = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
            yield _broken(f"The package {name} is not installed.", requirement)
        else:
            if not fits(version, requirement):
                words = f"The package {name} {version} is not one that the client is made for."
                yield _broken(words, requirement)
    try:
        sse_client()
    except ImportError as error:
        yield finding("dependency_broken", f"{error}.", "Reinstall the package as it says.")
    listed = ", ".join(f"{name} {version or 'missing'}" for name, version in found.items())
    yield finding(
        "versions",
        f"This is flue-client {__version__} on {platform.python_implementation()}"
        f" {platform.python_version()}, {platform.system()}, {ssl.OPENSSL_VERSION}; {listed}.",
        flue_client=__version__,
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION,
        dependencies=found,
    )


def fits(version: str, requirement: str) -> bool:
    """Whether the clauses of a requirement admit a version, as far as its numbers tell."""
    numbers = _numbers(version)
    clauses = _CLAUSE.findall(requirement.partition(";")[0])
    return all(_COMPARE[sign](numbers, _numbers(bound)) for sign, bound in clauses)


def _numbers(version: str) -> tuple[int, ...]:
    leading = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(int(number) for number in leading[0].split(".")) if leading else ()


def _required() -> list[tuple[str, str]]:
    """The names that the installed distribution requires, those of extras left out, with what it
    requires of them."""
    try:
        required = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return []
    own = [each for each in required if "extra ==" not in each]
    return [(name[0], each) for each in own if (name := _NAME.match(each))]


def _broken(words: str, requirement: str) -> Finding:
    needed = requirement.partition(";")[0].strip()
    return finding("dependency_broken", words, f"Run `pip install '{needed}'`.", requires=needed)
