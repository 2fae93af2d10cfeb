"""`python -m benchmarks [NAME ...]`: run the benchmarks, or those that are named."""

from __future__ import annotations

import argparse
import importlib

from benchmarks.contest import note
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.readme import write

NAMES = (
    "catchup",
    "throughput",
    "latency",
    "scale",
    "observers",
    "startup",
    "unary",
    "batches",
    "fold",
    "conversations",
    "closes",
    "asking",
    "profile",
    "parts",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="smaller and rougher")
    parser.add_argument("--rounds", type=int, help="how often each is measured (5, quick: 3)")
    parser.add_argument("--write", action="store_true", help="put the results into the README")
    given = parser.parse_args()
    unknown = set(given.names) - set(NAMES)
    if given.write and given.quick:
        parser.error("--write takes a whole run of each: the README's numbers are those of one")
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    options = Options(given.rounds or (3 if given.quick else 5), given.quick)
    print(describe(), flush=True)
    for name in given.names or NAMES:
        note(f"{name}:")
        section = importlib.import_module(f"benchmarks.{name}").measure(options)
        print(f"\n{section.text()}", flush=True)
        if given.write:
            write(name, section)


if __name__ == "__main__":
    main()
