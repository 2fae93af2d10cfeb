"""A benchmark's processes: servers that print their port, and readers that obey line by line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHECKOUT = Path(__file__).resolve().parents[1]


def surroundings() -> dict[str, str]:
    """The environment without proxies: everything here talks to this machine."""
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


class Child:
    """A process that lives as long as its standard input is open."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            list(command),
            cwd=CHECKOUT,
            env={**surroundings(), "PYTHONPATH": "", **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._command = command

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> str:
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        if not text:
            raise RuntimeError(f"{self._command} ended with {self._process.wait()}")
        return text

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.line())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Server(Child):
    """One of our server modules in a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        super().__init__([sys.executable, "-m", f"benchmarks.{module}", *arguments])
        self.port = int(self.line())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def reader(
    module: str, python: str | Path = sys.executable, env: Mapping[str, str] | None = None
) -> Child:
    """A Python reader: `ask(call=..., ...)` runs that function of `benchmarks.peers.{module}`."""
    return Child([python, "-m", "benchmarks.worker", module], env)
