"""A peer that vanishes, without a FIN or a reset, is noticed in the documented time.

Also where no byte is due for any time, as in `wait="result"`. `vanished_process` measures it.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.servers.node import CHECKOUT
from tests.servers.wire import NoNetwork
from tests.worlds import NAMES

from .options import Broken, Options
from .vanished_cases import Row


def experiment(options: Options) -> str:
    rows = measure(options)
    wrong = [row for row in rows if not row["ok"]]
    if wrong:
        raise Broken(wrong)
    lines = [f"| case | documented | {' | '.join(NAMES)} | outcome |", "|---|---|---|---|---|---|"]
    for case in dict.fromkeys(row["case"] for row in rows):
        of_case = {row["world"]: row for row in rows if row["case"] == case}
        limit = next(iter(of_case.values()))["limit"]
        times = " | ".join(f"{of_case[name]['seconds']:.1f} s" for name in NAMES)
        outcomes = " ".join(dict.fromkeys(row["outcome"] for row in of_case.values()))
        lines.append(f"| {case} | {f'{limit:.0f} s' if limit else '-'} | {times} | {outcomes} |")
    return "\n".join(lines)


def measure(options: Options) -> list[Row]:
    """Run all cases in a process of their own; raise `NoNetwork` where that has none."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.reliability.vanished_process", *["--quick"] * options.quick],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60 if options.quick else 900,
        check=True,
    )
    rows: list[Row] | dict[str, str] = json.loads(ran.stdout)
    if isinstance(rows, dict):
        raise NoNetwork(rows["impossible"])
    return rows
