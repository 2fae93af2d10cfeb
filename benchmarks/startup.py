"""Start-up: what importing costs, and what the first call of a process costs."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

import certifi
import trustme

from benchmarks import corpus
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
_SCHEMES = ("http", "https")


def measure(options: Options) -> Section:
    times = options.scaled(25)
    with tempfile.TemporaryDirectory() as folder:
        certificate, trusted = _certificates(Path(folder))
        with Server("replay") as plain, Server("replay", "--tls", str(certificate)) as secure:
            urls = [
                f"{scheme}://localhost:{server.port}"
                for scheme, server in zip(_SCHEMES, (plain, secure), strict=True)
            ]
            calls = {
                f"first call: {name}, {url.partition(':')[0]}": code.format(url=url, run=_RUN)
                for url in urls
                for name, code in _CALLS.items()
            }
            walls = in_turn(_PROGRAMS | calls, times, {"SSL_CERT_FILE": str(trusted)})
    bare = walls["bare interpreter"]
    over = {name: (wall - bare) * 1e3 for name, wall in walls.items()}
    return Section(
        "Start-up",
        "Whole processes, from start to end, in turn, in an environment that holds this package's"
        f" dependencies only; medians of {times}. Importing the package loads no more than names;"
        " what they stand for is loaded when they are used first, as the third line does. A first"
        " call imports what it needs, makes the client, connects and decodes one run record; over"
        " https it also loads the usual authorities into a TLS context and shakes hands (httpx"
        " makes a TLS context in any case).",
        [
            Table(
                ("process", "ms", "over bare ms"),
                [[name, f"{wall * 1e3:.1f}", f"{over[name]:.1f}"] for name, wall in walls.items()],
            )
        ],
        [
            Target("`import flue_client_ext`", 30, over["`import flue_client_ext`"], "ms", False),
            *(
                Target(
                    f"first call, {scheme}, of httpx's",
                    1.0,
                    over[f"first call: ours, {scheme}"] / over[f"first call: httpx, {scheme}"],
                    at_least=False,
                )
                for scheme in _SCHEMES
            ),
            Target("`LocalFlue` up and down", 500, over["`LocalFlue` up and down"], "ms", False),
        ],
    )


def in_turn(
    programs: dict[str, str], times: int, environment: dict[str, str] | None = None
) -> dict[str, float]:
    """Run each program in a fresh interpreter, in turn; return the median seconds of each."""
    walls: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(times + 1):
        for name, code in programs.items():
            began = time.perf_counter()
            subprocess.run(
                [user_python(), "-c", code],
                check=True,
                cwd=CHECKOUT,
                env={**environment_of_a_user(), **(environment or {})},
            )
            if number:
                walls[name].append(time.perf_counter() - began)
    return {name: median(found) for name, found in walls.items()}


def environment_of_a_user() -> dict[str, str]:
    """Let the compiled modules of all be kept between two processes: as installed packages' are."""
    kept = CHECKOUT / ".cache" / "benchmarks" / "compiled"
    own = {k: v for k, v in surroundings().items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PYTHONPATH": str(CHECKOUT), "PYTHONPYCACHEPREFIX": str(kept)}


def _certificates(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost with its key, and its authority among the usual ones."""
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    own, trusted = folder / "localhost.pem", folder / "trusted.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(own)
    trusted.write_bytes(Path(certifi.where()).read_bytes())
    authority.cert_pem.write_to_path(trusted, append=True)
    return own, trusted
