"""`python -m tests.reliability [NAME ...]`: run the experiments, or those that are named."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import random
import sys
import time
from pathlib import Path

from benchmarks.readme import fill

from . import unclosed
from .options import Options

NAMES = ("faults", "soak", "silence", "vanished", "storm", "fuzz", "security")  # as on the page
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="as small as in the tests")
    parser.add_argument("--seed", type=int, help="repeats a random run")
    parser.add_argument("--write", action="store_true", help="put the reports on the page")
    given = parser.parse_args()
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"no such experiment: {', '.join(sorted(unknown))}")
    if given.write and given.quick:
        parser.error("--write takes a whole run")
    unclosed.watch()
    options = Options(given.quick, random.randrange(2**32) if given.seed is None else given.seed)
    for name in given.names or NAMES:
        print(f"\n{name} (--seed {options.seed}):", flush=True)
        began = time.monotonic()
        report = importlib.import_module(f"tests.reliability.{name}").experiment(options)
        unclosed.check()
        text = f"{report}\n\n{_circumstances(options, time.monotonic() - began)}"
        print(text, flush=True)
        if given.write:
            fill(PAGE, {name if _has_gil() else f"{name}-free-threaded": text})


def _circumstances(options: Options, seconds: float) -> str:
    day, python = time.strftime("%Y-%m-%d"), platform.python_version()
    python += "" if _has_gil() else " without the GIL"
    return (
        f"{day}: {seconds:.0f} s on {os.cpu_count()} cores of {platform.system()},"
        f" Python {python}, seed {options.seed}."
    )


def _has_gil() -> bool:
    """Asked after the experiment: an extension module may turn the GIL on when it is imported."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


if __name__ == "__main__":
    main()
