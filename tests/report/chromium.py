"""A headless Chromium, driven over the pipe of its DevTools: no port, no driver, no library.

It is the one that CHROME names, or that is on PATH, or one from npm (`tests/report/browser`), which
is for Linux on x86-64 and brings what it needs to run.
"""

from __future__ import annotations

import json
import os
import platform
import selectors
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from tests.servers.node import install, make_once, run_node

PROJECT = Path(__file__).parent / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "headless_shell")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--disable-extensions", "--remote-debugging-pipe"),
]
#: Seconds for an answer.
LIMIT = 60
MISSING = "no Chromium: CHROME names none, PATH has none, and the one from npm is for Linux x86-64"


def find() -> Path | None:
    """The browser's program, `None` where there is none."""
    named = os.environ.get("CHROME")
    if named:
        return Path(named)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is not None:
        return Path(found)
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    return unpacked() / "chromium"


def unpacked() -> Path:
    """The folder of the browser from npm, unpacked once."""
    installed = install(PROJECT)

    def fill(scratch: Path) -> None:
        run_node(PROJECT / "unpack.mjs", scratch, cwd=installed)
        for archive in scratch.glob("*.tar"):
            with tarfile.open(archive) as opened:
                opened.extractall(scratch, filter="data")
            archive.unlink()
        shutil.copy(PROJECT / "fonts.conf", scratch)

    return make_once(installed.with_name(f"{installed.name}-unpacked"), fill)


class Browser:
    """A running Chromium with one page; `call` sends a command of the DevTools protocol to it."""

    def __init__(self, program: Path) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self._to_browser = os.pipe()
        self._from_browser, to_write = os.pipe()
        # The browser reads commands from descriptor 3 and writes to 4.
        shell = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
        command = [str(program), *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, *command],
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_brought_along(program.parent), "HOME": self._profile.name},
        )
        os.close(to_read)
        os.close(to_write)
        self._received = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []
        targets = self._call("Target.getTargets", {})["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        attached = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to_browser)
        os.close(self._from_browser)
        self._profile.cleanup()

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command to the page and return its result; events meanwhile are kept."""
        return self._call(method, parameters, self._session)

    def _call(self, method: str, parameters: dict[str, Any], session: str | None = None) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded; the events are those since then."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def size(self, width: int, height: int, scale: float = 1) -> None:
        """Be as large as this, in CSS pixels; below 500 the page is a phone's."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale}
        self.call("Emulation.setDeviceMetricsOverride", **metrics, mobile=width < 500)

    def appear(self, scheme: str = "light", media: str = "") -> None:
        """Prefer a color scheme, and be a `screen` or `print`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + LIMIT
        with selectors.DefaultSelector() as selector:
            selector.register(self._from_browser, selectors.EVENT_READ)
            while b"\0" not in self._received:
                assert selector.select(max(0, deadline - time.monotonic())), "no answer"
                chunk = os.read(self._from_browser, 1 << 16)
                assert chunk, f"the browser has ended: {self._process.wait(LIMIT)}"
                self._received += chunk
        message, _, self._received = self._received.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded


def _brought_along(folder: Path) -> dict[str, str]:
    """The variables by which the browser from npm finds its libraries and fonts."""
    fonts = folder / "fonts.conf"
    if not fonts.exists():
        return {}
    return {"LD_LIBRARY_PATH": f"{folder}:{folder / 'lib'}", "FONTCONFIG_FILE": str(fonts)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module; a conftest imports it from here."""
    program = find()
    if program is None:
        pytest.skip(MISSING)
    with Browser(program) as running:
        yield running
