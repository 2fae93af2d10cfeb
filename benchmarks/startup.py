"""Start-up: what importing costs, and what the first call of a process costs."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

import trustme

from benchmarks import corpus
from benchmarks.children import CHECKOUT, Server
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import user_python
from benchmarks.report import Section, Table, Target

_RUN = corpus.run_id(10)

_IMPORTS = {
    "bare interpreter": "pass",
    "`import flue_client_ext`": "import flue_client_ext",
    "... and `FlueClient`": "from flue_client_ext import FlueClient",
    "`import httpx`": "import httpx",
    "`LocalFlue` up and down": (
        "from flue_client_ext.testing import LocalFlue\nwith LocalFlue().run(): pass"
    ),
}
_CALLS = {
    "ours": "from flue_client_ext import FlueClient; FlueClient({url!r}).runs.get({run!r})",
    "httpx": "import httpx; httpx.Client().get({url!r} + '/runs/' + {run!r} + '?meta').json()",
}


def measure(options: Options) -> Section:
    times = options.scaled(25)
    note("importing")
    imports = _in_turn(_IMPORTS, times)
    bare = imports["bare interpreter"]
    calls: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        certificate = _certificate(Path(folder))
        environment = {"SSL_CERT_FILE": str(certificate)}
        with Server("replay") as plain, Server("replay", "--tls", str(certificate)) as secure:
            for scheme, port in (("http", plain.port), ("https", secure.port)):
                note(f"the first call, {scheme}")
                url = f"{scheme}://localhost:{port}"
                programs = {
                    f"{name}, {scheme}": code.format(url=url, run=_RUN)
                    for name, code in _CALLS.items()
                }
                calls |= _in_turn(programs, times, environment)
    milliseconds = [
        [name, f"{wall * 1e3:.1f}", f"{(wall - bare) * 1e3:.1f}"]
        for name, wall in (
            imports | {f"first call: {name}": wall for name, wall in calls.items()}
        ).items()
    ]
    return Section(
        "Start-up",
        "Whole processes, from start to end, in turn, in an environment that holds this package's"
        f" dependencies only; medians of {times}. A first call imports what it needs, makes the"
        " client, connects and decodes one run record; over https it also makes the TLS context and"
        " shakes hands.",
        [Table(("process", "ms", "over bare ms"), milliseconds)],
        [
            Target(
                "`import flue_client_ext`",
                30,
                (imports["`import flue_client_ext`"] - bare) * 1e3,
                "ms",
                at_least=False,
            ),
            *(
                Target(
                    f"first call, {scheme}, of httpx's",
                    1.0,
                    (calls[f"ours, {scheme}"] - bare) / (calls[f"httpx, {scheme}"] - bare),
                    at_least=False,
                )
                for scheme in ("http", "https")
            ),
        ],
    )


def _in_turn(
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
                env={**_environment(), **(environment or {})},
            )
            if number:
                walls[name].append(time.perf_counter() - began)
    return {name: median(found) for name, found in walls.items()}


def _environment() -> dict[str, str]:
    """Let the compiled modules of all be kept between two processes: as installed packages' are."""
    kept = CHECKOUT / ".cache" / "benchmarks" / "compiled"
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **own,
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONPYCACHEPREFIX": str(kept),
        "NO_PROXY": "localhost",
    }


def _certificate(folder: Path) -> Path:
    """Make a certificate for localhost, with its key and its authority in one file."""
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    file = folder / "localhost.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(file)
    authority.cert_pem.write_to_path(file, append=True)
    return file
