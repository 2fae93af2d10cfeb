"""Start-up: what importing costs, and what the first call of a process costs."""

from __future__ import annotations

import resource
import subprocess
import time
from statistics import median

from attrs import frozen

from benchmarks import corpus
from benchmarks.certificates import certificates
from benchmarks.children import CHECKOUT, Server, surroundings
from benchmarks.options import Options
from benchmarks.parties import user_python
from benchmarks.report import Section, Table, Target

_RUN = corpus.run_id(10)

_HERE = "`from flue_client_ext import FlueClient`"
_PROGRAMS = {
    "bare interpreter": "pass",
    "`import flue_client_ext`": "import flue_client_ext",
    _HERE: "from flue_client_ext import FlueClient",
    "`import httpx`": "import httpx",
    "`LocalFlue` up and down": (
        "from flue_client_ext.testing import LocalFlue\nwith LocalFlue().run(): pass"
    ),
}
_CALLS = {
    "ours": "from flue_client_ext import FlueClient; FlueClient({url!r}).runs.get({run!r})",
    "httpx": "import httpx; httpx.Client().get({url!r} + '/runs/' + {run!r} + '?meta').json()",
}
_SCHEMES = {"http": 0.5, "https": 0.75}
"""And what the first call may take of httpx's."""


def measure(options: Options) -> Section:
    times = options.scaled(25)
    with (
        certificates() as made,
        Server("replay") as plain,
        Server("replay", "--tls", str(made.own)) as secure,
    ):
        urls = [
            f"{scheme}://localhost:{server.port}"
            for scheme, server in zip(_SCHEMES, (plain, secure), strict=True)
        ]
        calls = {
            f"first call: {name}, {url.partition(':')[0]}": code.format(url=url, run=_RUN)
            for url in urls
            for name, code in _CALLS.items()
        }
        took = in_turn(_PROGRAMS | calls, times, made.environment)
    bare = took["bare interpreter"]
    wall = {name: (each.wall - bare.wall) * 1e3 for name, each in took.items()}
    cpu = {name: (each.cpu - bare.cpu) * 1e3 for name, each in took.items()}
    return Section(
        "Start-up",
        "Whole processes, from start to end, in turn, in an environment that holds this package's"
        f" dependencies only; medians of {times}, milliseconds. Importing the package loads no more"
        " than names; what they stand for is loaded when they are used first, as the third line"
        " does. A first call imports what it needs, makes the client, connects and decodes one run"
        " record; over https it also loads the usual authorities into a TLS context and shakes"
        " hands (httpx makes a TLS context in any case). The targets of first calls are of CPU"
        " time over that of a bare interpreter: the wall time of a process of this size says as"
        " much of what else the machine does.",
        [
            Table(
                ("process", "wall", "CPU", "wall over bare", "CPU over bare"),
                [
                    [
                        name,
                        *(f"{seconds * 1e3:.1f}" for seconds in (each.wall, each.cpu)),
                        f"{wall[name]:.1f}",
                        f"{cpu[name]:.1f}",
                    ]
                    for name, each in took.items()
                ],
            )
        ],
        [
            Target("`import flue_client_ext`", 30, wall["`import flue_client_ext`"], "ms", False),
            *(
                Target(
                    f"CPU of a first call, {scheme}, of httpx's",
                    limit,
                    cpu[f"first call: ours, {scheme}"] / cpu[f"first call: httpx, {scheme}"],
                    at_least=False,
                )
                for scheme, limit in _SCHEMES.items()
            ),
            Target("`LocalFlue` up and down", 500, wall["`LocalFlue` up and down"], "ms", False),
        ],
    )


@frozen
class Took:
    """The median seconds of a program."""

    wall: float
    cpu: float


def in_turn(
    programs: dict[str, str], times: int, environment: dict[str, str] | None = None
) -> dict[str, Took]:
    """Run each program in a fresh interpreter, in turn."""
    took: dict[str, list[Took]] = {name: [] for name in programs}
    for number in range(times + 1):
        for name, code in programs.items():
            once = _run(code, {**environment_of_a_user(), **(environment or {})})
            if number:
                took[name].append(once)
    return {
        name: Took(median(each.wall for each in found), median(each.cpu for each in found))
        for name, found in took.items()
    }


def _run(code: str, environment: dict[str, str]) -> Took:
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([user_python(), "-c", code], check=True, cwd=CHECKOUT, env=environment)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def environment_of_a_user() -> dict[str, str]:
    """Let the compiled modules of all be kept between two processes: as installed packages' are."""
    kept = CHECKOUT / ".cache" / "benchmarks" / "compiled"
    own = {k: v for k, v in surroundings().items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PYTHONPATH": str(CHECKOUT), "PYTHONPYCACHEPREFIX": str(kept)}
