"""All checks, by what they are about and their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.worlds import World

from . import files, injection, limits, origins, output, secrets, tls

ABOUT: dict[str, Any] = {
    "Secret": secrets,
    "Origin": origins,
    "Injection": injection,
    "TLS peer": tls,
    "Limit": limits,
    "Output": output,
    "File": files,
}
CHECKS: dict[tuple[str, str], Callable[[World], str]] = {
    (about, name): check for about, module in ABOUT.items() for name, check in module.CHECKS.items()
}
PURE: dict[tuple[str, str], Callable[[], str]] = {
    (about, name): check
    for about, module in ABOUT.items()
    for name, check in getattr(module, "PURE", {}).items()
}
