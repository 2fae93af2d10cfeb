"""Where the time goes: samples of py-spy, sorted by what the innermost known frame is for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks import corpus
from benchmarks.children import CHECKOUT, Server, surroundings
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import profiler
from benchmarks.report import Section, Table

_CALLS = {
    "sse": '`stream(live="sse")`',
    "async_sse": 'async, `stream(live="sse")`',
    "events": "`events()`",
    "polls": "long-poll, `pages_only`",
}

_PURPOSES = {
    "garbage collection": ("gc_collect_main",),
    "JSON decoding (msgspec)": ("msgspec", "jsoncodec.py"),
    "receiving": ("sync_socket.py", "async_socket.py", "selectors.py"),
    "HTTP": ("h11/", "http11.py", "body_reader.py", "receive_buffer.py"),
    "SSE frames": ("sse.py",),
    "typed views, version check": ("flue_client/models", "delivery.py"),
    "pages, frames to batches": ("reader.py", "page.py", "call.py", "http.py"),
    "handing over one by one": ("stream.py", "runs.py", "peers/ours.py"),
    "conversation and driver": ("flue_client_ext/",),
}
_REST = "the rest (event loop)"


def measure(options: Options) -> Section:
    seconds = 3 if options.quick else 8
    columns = {}
    with Server("replay") as server:
        for call in _CALLS:
            columns[call] = _shares(call, server.url, seconds)
            note(call)
    rows = [
        [purpose, *(f"{columns[call][purpose]:.0f} %" for call in _CALLS)]
        for purpose in (*_PURPOSES, _REST)
    ]
    return Section(
        "Where the time goes",
        "py-spy, 500 samples a second with native frames, while a run of 50,000 events is read"
        " again and again from the replay server; what waits or imports is left out. A sample"
        " belongs to the innermost frame that is known; what the C library and the interpreter do"
        " on behalf of a function is that function's.",
        [Table(("purpose", *_CALLS.values()), rows)],
    )


def _shares(call: str, url: str, seconds: int) -> Counter[str]:
    """Return each purpose's share of the samples, in percent."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "stacks"
        spin = [sys.executable, "-m", "benchmarks.spin", call, url, corpus.run_id(50_000)]
        record = [str(profiler()), "record", "--native", "--rate", "500", "--format", "raw"]
        ran = subprocess.run(
            [*record, "--output", str(output), "--", *spin, str(seconds)],
            cwd=CHECKOUT,
            env=surroundings(),
            capture_output=True,
            text=True,
        )
        if ran.returncode:
            raise RuntimeError(f"py-spy failed:\n{ran.stderr}")
        samples: Counter[str] = Counter()
        for line in output.read_text().splitlines():
            stack, count = line.rsplit(" ", 1)
            if "benchmarks/peers/ours.py" in stack and "importlib" not in stack:
                samples[_purpose(stack)] += int(count)
    total = samples.total()
    return Counter({purpose: count / total * 100 for purpose, count in samples.items()})


def _purpose(stack: str) -> str:
    for frame in reversed(stack.split(";")):
        for purpose, signs in _PURPOSES.items():
            if any(sign in frame for sign in signs):
                return purpose
    return _REST
