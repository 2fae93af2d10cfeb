"""The command on a terminal of its own, or between pipes: a process, as a user starts it."""

from __future__ import annotations

import codecs
import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from .screen import Screen

ROOT = Path(__file__).resolve().parents[2]
CLI = (sys.executable, "-m", "flue_client_ext.cli")
LIMIT = 60.0
"""Seconds after which a condition that has not come is a failure."""
#: Makes the terminal the one of the process, so that Ctrl-C reaches it; then starts the command.
_START = (
    "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


def environment(url: str | None = None, **more: str) -> dict[str, str]:
    """The environment of a command: nothing of the tests' own, `url` as the server."""
    unwanted = ("FLUE_", "PYTHON", "PYTEST", "NO_COLOR", "FORCE_COLOR", "TTY_", "COLUMNS", "LINES")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(unwanted) and not name.lower().endswith("_proxy")
    }
    server = {} if url is None else {"FLUE_BASE_URL": url}
    paths = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return {**kept, "TERM": "xterm-256color", **paths, **server, **more}


def piped(
    *arguments: str, env: Mapping[str, str], cwd: Path, input: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, its streams being pipes."""
    return subprocess.run(
        [*CLI, *arguments],
        cwd=cwd,
        env=env,
        input=input,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=LIMIT,
    )


class Terminal:
    """A command on a pseudo terminal, `received` what it has written to it.

    `out` and `errors`: files in the place of the terminal for stdout and stderr.
    """

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str],
        cwd: Path,
        size: tuple[int, int] = (24, 80),
        out: Path | None = None,
        errors: Path | None = None,
    ) -> None:
        self.screen = Screen(*size)
        self.received = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        files = [theirs if path is None else os.open(path, _NEW) for path in (out, errors)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-ISc", _START, *CLI, *arguments],
                cwd=cwd,
                env=env,
                stdin=theirs,
                stdout=files[0],
                stderr=files[1],
                start_new_session=True,
            )
        finally:
            for descriptor in {theirs, *files}:
                os.close(descriptor)

    def expect(self, text: str) -> None:
        """Wait until `text` is on the screen, or has scrolled out of it."""
        self.until(lambda: text in self.screen.text, text)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Read until a condition holds."""
        end = time.monotonic() + LIMIT
        while not condition():  # which may come without a word of the command
            ended = self._process.poll() is not None
            come = self._read(0.2)
            assert time.monotonic() < end and (come or not ended), (
                f"no {what!r} in:\n{self.screen.text}"
            )

    def send(self, text: str) -> None:
        """Type `text`."""
        os.write(self._ours, text.encode())

    def enter(self, line: str) -> None:
        self.send(f"{line}\r")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.send("\x03")

    def resize(self, height: int, width: int) -> None:
        """Give the terminal another size. As in xterm, no line is wrapped anew."""
        self.screen.resize(height, width)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    @property
    def echoes(self) -> bool:
        """Whether what is typed is shown."""
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End the process without a word."""
        self._process.kill()

    def ended(self) -> int:
        """Read to the end and return the exit code."""
        while self._read(LIMIT):
            pass
        return self._process.wait(LIMIT)

    def _read(self, seconds: float) -> bool:
        """Read once; whether there was anything."""
        ready, _, _ = select.select([self._ours], [], [], seconds)
        try:
            data = os.read(self._ours, 65536) if ready else b""
        except OSError:  # on Linux, the end: nobody has the other side any more
            data = b""
        text = self._decoder.decode(data)
        self.received += text
        self.screen.write(text)
        while self.screen.answers:
            self.send(self.screen.answers.pop(0))
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(LIMIT)
        os.close(self._ours)


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
