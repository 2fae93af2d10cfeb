"""The client on a free-threaded Python, without the GIL.

`make free-threaded` builds one where that is possible (`.ci/free-threaded-python`). Then this runs
the storm of cancellations on it, whole, and the tests of what threads share. Arguments go to the
storm: `--write` puts its report on the page, beside that of an ordinary Python.
"""

from __future__ import annotations

import subprocess
import sys

from tests.pythons import ROOT, candidates, environment, passes, probed

TESTS = ("core", "unary", "streams", "conversations", "local")

_IMPORTS = """
import sys, flue_client_ext.testing, flue_client_ext.cli, httpx, msgspec, trio
sys.exit(sys._is_gil_enabled() and "an extension module has turned the GIL on")
"""


def main() -> int:
    found = sorted(filter(None, map(probed, candidates())))
    if not (pythons := [python for python in found if python.free_threaded]):
        print("no free-threaded Python is on this machine: not tested")
        return 0
    newest = pythons[-1]
    command = environment(newest)
    for arguments in (("-c", _IMPORTS), ("-m", "tests.reliability", "storm", *sys.argv[1:])):
        if subprocess.run([*command, *arguments], cwd=ROOT).returncode:
            return 1
    return 0 if passes(newest, [f"tests/{name}" for name in TESTS]) else 1


if __name__ == "__main__":
    sys.exit(main())
