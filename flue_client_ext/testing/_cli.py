"""`flue-client dev`, `record` and `replay`: the local server on the command line.

flue-client dev                              # ready workflows and an agent on port 3583
flue-client dev my_package.flows:server      # a LocalFlue of your own
flue-client record http://host/api run_01... run.jsonl
flue-client replay run.jsonl
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from flue_client_ext._version import __version__

from ._dialect import DIALECTS
from ._local import LocalFlue
from ._watch import watch

PORT = 3583
#: The options of the ready server.
READY = ("store", "token", "generation")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = arguments(argv)
    try:
        if options.command == "record":
            return _record(options)
        server = _server(options)
        watch(server)
        url = server.start(options.host, options.port)
    except (ImportError, AttributeError, TypeError, ValueError, OSError) as error:
        print(f"flue-client: {error}", file=sys.stderr)
        return 1
    until_interrupted = _interruption()
    logging.basicConfig(format="%(message)s")  # a workflow's exception is shown with its traceback
    kinds: tuple[tuple[str, Iterable[str]], ...]
    kinds = (("workflows", server.workflows), ("agents", server.agents))
    lines = [f"{kind}: {', '.join(sorted(names)) or 'none'}" for kind, names in kinds]
    lines = [f"Flue on {url}", *lines, *_exports(url, options), "Ctrl-C ends it."]
    print("\n".join(lines), flush=True)
    until_interrupted()
    server.close()
    return 0


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Understand a command line, or leave with a usage message."""
    parser = argparse.ArgumentParser(prog="flue-client", description="A local Flue server.")
    parser.add_argument("--version", action="version", version=f"flue-client {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    dev = commands.add_parser("dev", help="serve workflows and agents written in Python")
    own = "a LocalFlue in a module of yours; left out: workflows and an agent to try"
    dev.add_argument("server", nargs="?", metavar="MODULE:SERVER", help=own)
    dev.add_argument("--store", help="SQLite file that keeps runs and conversations")
    dev.add_argument("--token", help="bearer token that the server demands")
    dev.add_argument(
        "--generation", choices=DIALECTS, help="speak like servers of 2.x, beta.8 or beta.3"
    )
    again = commands.add_parser("replay", help="serve a recorded run")
    again.add_argument("file")
    again.add_argument("--speed", type=_speed, help="re-enact at so many times the recorded pace")
    for command in (dev, again):
        command.add_argument("--host", default="127.0.0.1")
        command.add_argument(
            "--port", type=_port, default=PORT, help=f"default: {PORT}; 0: a free one"
        )
    record = commands.add_parser("record", help="save a run of a real server (FLUE_TOKEN is used)")
    for name in ("base_url", "run_id", "file"):
        record.add_argument(name)
    options = parser.parse_args(argv)
    if options.command == "dev" and options.server and any(map(vars(options).get, READY)):
        told = "--token, --store and --generation"
        dev.error(f"{told} do not go with MODULE:SERVER: give yours to LocalFlue(...)")
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise argparse.ArgumentTypeError(f"a speed is a number above 0, not {text!r}")
    return speed


def _server(options: argparse.Namespace) -> LocalFlue:
    if options.command == "replay":
        from ._record import replay

        return replay(options.file, speed=options.speed)
    if options.server is None:
        from ._ready import demo_server

        asked = {name: getattr(options, name) for name in READY}
        return demo_server(**asked)
    module, _, name = options.server.partition(":")
    if module.endswith(".py"):
        wanted = f"{Path(module).stem}:{name or 'server'}"
        raise ValueError(f"{options.server} is a file: name its module, as in {wanted}")
    sys.path.insert(0, os.getcwd())
    server = getattr(importlib.import_module(module), name or "server")
    if not isinstance(server, LocalFlue):
        raise TypeError(f"{options.server} must be a LocalFlue, not {type(server).__name__}")
    return server


def _exports(url: str, options: argparse.Namespace) -> Iterator[str]:
    """Yield the lines that another terminal needs; they are the only ones with the token."""
    yield f"export FLUE_BASE_URL={url}"
    if options.command == "dev" and options.token:
        yield f"export FLUE_TOKEN={shlex.quote(options.token)}"


def _record(options: argparse.Namespace) -> int:
    import httpx

    from ..errors import FlueApiError
    from ._record import record

    token = os.environ.get("FLUE_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else None
    try:
        recording = record(options.base_url, options.run_id, options.file, headers=headers)
    except (FlueApiError, httpx.HTTPError) as error:
        print(f"flue-client: {error}", file=sys.stderr)
        return 1
    print(f"{options.file}: {len(recording.texts)} events, {recording.record['status']}")
    return 0


def _heard(number: int, frame: FrameType | None) -> None:
    """Do nothing more: a signal with a handler has reached the descriptor already."""


def _interruption() -> Callable[[], None]:
    """Take Ctrl-C and SIGTERM over, and return what waits for one of them.

    The signal module's descriptor is readable whenever one came. A wait for a `threading.Event` may
    miss it (one that comes just before the system call does not end that), and a handler that sets
    the event may wait for ever for the lock that the interrupted wait holds.
    """
    waiting, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _heard)

    def wait() -> None:
        with waiting, told:
            waiting.recv(1)
            signal.set_wakeup_fd(-1)

    return wait


if __name__ == "__main__":
    raise SystemExit(main())
