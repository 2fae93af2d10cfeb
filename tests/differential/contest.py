"""Puts one row before every peer in turn, and notes who was asked and what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.servers.raw import RawServer, Request

from .framings import RECORD
from .rows import Row

ROOT = Path(__file__).resolve().parents[2]
PYTHON_PEERS = ("ours", "ours, async", "httpx")
_CURL_KINDS = {
    **dict.fromkeys((1, 3, 4, 5, 77), "error: setup"),
    **dict.fromkeys((35, 51, 53, 54, 58, 59, 60, 66, 80, 83, 90, 91), "error: tls"),
    28: "error: timeout",
    97: "error: proxy",
}


class Contest:
    """The peers, each in a process of its own, and the servers that they ask."""

    def __init__(self, servers: dict[str, RawServer], places: dict[str, str]) -> None:
        self._servers = servers
        self._places = places
        self._children: dict[str, subprocess.Popen[str]] = {}

    @property
    def peers(self) -> list[str]:
        return [*PYTHON_PEERS, *(["curl"] if shutil.which("curl") else [])]

    def can(self, row: Row) -> bool:
        """Whether this machine has what the row talks about."""
        return "{http6}" not in row.url or "http6" in self._servers

    def outcome(self, peer: str, row: Row) -> str:
        seen = {name: len(server.requests) for name, server in self._servers.items()}
        environ = {key: self._filled(value) for key, value in row.environ.items()}
        url = self._filled(row.url)
        ask = self._ask_curl if peer == "curl" else self._ask_child
        said = ask(peer, url, environ)
        asked = [
            (name, request)
            for name, server in self._servers.items()
            for request in server.requests[seen[name] :]
        ]
        tunnel = [name for name, request in asked if request.method == "CONNECT"]
        served = [(name, request) for name, request in asked if request.method != "CONNECT"]
        parts = [f"{name} tunnels," for name in tunnel] + [name for name, _ in served]
        if row.shows:
            parts += [f"({self._named(_shown(row.shows, request))})" for _, request in asked]
        return " ".join([*parts, said])

    def _filled(self, text: str) -> str:
        for name, value in self._places.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _named(self, text: str) -> str:
        for name in self._servers:
            text = text.replace(self._places[name], f"{{{name}}}")
        return text

    def _ask_child(self, peer: str, url: str, environ: Mapping[str, str]) -> str:
        child = self._children.get(peer) or self._start(peer)
        assert child.stdin and child.stdout
        row = {"url": url, "environ": environ, "port 80": int(self._places["proxy"])}
        child.stdin.write(json.dumps(row) + "\n")
        child.stdin.flush()
        return str(json.loads(child.stdout.readline()))

    def _start(self, peer: str) -> subprocess.Popen[str]:
        self._children[peer] = subprocess.Popen(
            [sys.executable, ROOT / "tests" / "differential" / "peer.py", peer],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._children[peer]

    def _ask_curl(self, _: str, url: str, environ: Mapping[str, str]) -> str:
        name = _encoded(url)
        ports = (self._places["proxy"], "1080")
        where = [each for port in ports for each in ("--resolve", f"proxy.test:{port}:127.0.0.1")]
        if ".test" in name:
            where += ["--resolve", f"{name}:{urlsplit(url).port}:127.0.0.1"]
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--globoff", "--max-time", "10", *where]
            + ["--write-out", "\n%{http_code} %{http_connect}", f"{url}/runs/run_1?meta="],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environ},
            capture_output=True,
        )
        body, codes = done.stdout.rsplit(b"\n", 1)
        status, connect = codes.decode().split()
        if done.returncode:
            if done.returncode == 56 and connect not in ("000", "200"):
                return "error: proxy"
            if b"HTTP" in done.stderr:  # of a version that is none
                return "error: failed"
            return _CURL_KINDS.get(done.returncode, "error: failed")
        if int(status) != 200:
            return str(int(status))
        return "200" if _is_record(body) else "error: answer"

    def close(self) -> None:
        for child in self._children.values():
            assert child.stdin and child.stdout
            child.stdin.close()
            child.wait(20)
            child.stdout.close()


def _shown(part: str, request: Request) -> str:
    return request.target if part == "target" else request.headers.get(part, f"no {part}")


def _encoded(url: str) -> str:
    """The host of a URL as it is looked up; empty for a URL that is none."""
    try:
        return httpx.URL(url).raw_host.decode()
    except httpx.InvalidURL:
        return ""


def _is_record(body: bytes) -> bool:
    try:
        found: object = json.loads(body)
    except ValueError:
        return False
    return found == RECORD


@contextmanager
def contest(folder: Path) -> Iterator[Contest]:
    from .servers import served_world

    with ExitStack() as stack:
        servers, places = stack.enter_context(served_world(folder))
        held = Contest(servers, places)
        stack.callback(held.close)
        yield held
