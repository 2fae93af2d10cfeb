"""A Node server as a child process: started, awaited, stopped, and never left behind.

The child says through a pipe of its own that it accepts connections, so nobody polls. Its output
goes to a file, because a pipe that nobody reads fills up and stalls it. It watches its standard
input and ends when the process that started it is gone, even by SIGKILL.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import socket
import subprocess
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Self

from tests.servers.node import node

LAUNCH = Path(__file__).with_name("launch.mjs")
START_TIMEOUT = 60.0
STOP_TIMEOUT = 5.0


_OWN_PORTS = range(20_000, 32_000)
"""Below those that systems give to whoever asks for any port, or connects: one of these could be
taken while a server restarts."""


def free_port() -> int:
    for port in SystemRandom().sample(_OWN_PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port is free.")


class NodeChild:
    """Runs one Node program that listens on PORT; subclasses say which and with what."""

    def __init__(self, *, port: int | None = None) -> None:
        self._wanted_port = port
        self._port: int | None = port
        self._log = tempfile.TemporaryFile(mode="a+b", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._log.close)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return {}

    def working_dir(self) -> Path | None:
        return None

    @property
    def port(self) -> int:
        if self._port is None:
            raise RuntimeError("The server was never started.")
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_text(self) -> str:
        """Return all that the process has printed so far, restarts included."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode("utf-8", "replace")

    def start(self) -> Self:
        """Start the process and return once it accepts connections."""
        if self.running:
            return self
        for attempt in range(5):
            if self._wanted_port is None and self._process is None:
                self._port = free_port()
            try:
                self._spawn()
                return self
            except RuntimeError:
                # Another process may have taken the port between choosing and binding it.
                if attempt == 4 or self._wanted_port or "EADDRINUSE" not in self.log_text():
                    raise
                self._process = None
        raise AssertionError

    def _spawn(self) -> None:
        ready, said_by_child = os.pipe()
        try:
            self._process = subprocess.Popen(
                [node(), "--import", LAUNCH.as_uri(), *self.command()],
                cwd=self.working_dir(),
                env={**os.environ, **self._common_environment(said_by_child), **self.environment()},
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(said_by_child,),
                start_new_session=True,
            )
        finally:
            os.close(said_by_child)
        atexit.register(self.kill)
        try:
            readable, _, _ = select.select([ready], [], [], START_TIMEOUT)
            if not readable or not os.read(ready, 64):
                self.kill()
                raise RuntimeError(f"The server did not start:\n{self.log_text()}")
        finally:
            os.close(ready)

    def _common_environment(self, ready: int) -> dict[str, str]:
        return {
            "PORT": str(self.port),
            "FLUE_TEST_READY_FD": str(ready),
            "FLUE_TEST_WATCH_STDIN": "1",
        }

    def stop(self) -> None:
        """End the process politely, and by force when it takes longer than a few seconds."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, as a crash would: connections reset, nothing flushed."""
        self._end(signal.SIGKILL)

    def restart(self, *, crash: bool = False) -> Self:
        """Stop (or crash) the process and start it again on the same port."""
        self.kill() if crash else self.stop()
        return self.start()

    def wait(self) -> int:
        """Block until the process ends by itself; return its exit code."""
        if self._process is None:
            raise RuntimeError("The server was never started.")
        return self._process.wait()

    def _end(self, how: signal.Signals) -> None:
        atexit.unregister(self.kill)
        process = self._process
        # A forked copy of this object (a test may fork) must not end the server of its parent.
        if process is None or process.returncode is not None or os.getpid() != self._owner:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(START_TIMEOUT)
        if process.stdin:
            process.stdin.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._log.close()
