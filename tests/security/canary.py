"""Secrets that a client is given, each with a canary in it, and everything that could show one."""

from __future__ import annotations

import base64
import contextlib
import copy
import logging
import pickle
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flue_client_ext import AbortController, BackoffOptions
from flue_client_ext.doctor import diagnose
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import Aside, failure, spoken
from tests.unary.trackers import seen_by_a_tracker
from tests.worlds import World

CANARY = "canary5f1d8c0b3e7a49f2a6d4"
BASIC = base64.b64encode(f"u:{CANARY}".encode()).decode()
SENT = (CANARY, BASIC)
"""The forms in which a secret of the client travels."""
COOKIE, CHALLENGE = "cookie91be04d7c2f853a6", "challenge4e6f09b12d7c8a35"
"""What a server gives: a cookie and the password in a location, and the words of a challenge."""
FORMS = (*SENT, COOKIE, CHALLENGE)
FACTS = "errors, their causes and pickles"
"""Has the headers of a response, and so the challenge; never a cookie or a password."""

SECRETS: dict[str, dict[str, Any]] = {
    "token": {"token": f"t-{CANARY}"},
    "function that returns the token": {"token": lambda: f"t-{CANARY}"},
    "header of the client": {"headers": {"X-Api-Key": f"k-{CANARY}"}},
    "function that returns the headers": {"headers": lambda: {"X-Api-Key": f"k-{CANARY}"}},
    "header Authorization": {"headers": {"Authorization": f"Basic {BASIC}"}},
    "header Cookie": {"headers": {"Cookie": f"session={CANARY}"}},
}
"""As options of a client."""


SURFACES: set[str] = set()
"""Those that were looked at, for the report."""


class Texts(defaultdict[str, str]):
    """All that was shown, by surface."""

    def __init__(self) -> None:
        super().__init__(str)

    def error(self, error: BaseException) -> None:
        self[FACTS] += spoken(error)
        self["notes of errors"] += repr(getattr(error, "__notes__", ()))
        self["tracebacks"] += "".join(traceback.format_exception(error))
        self["locals in tracebacks"] += seen_by_a_tracker(error)

    def thing(self, thing: Any) -> None:
        real = getattr(thing, "real", thing)
        self["repr and str"] += repr(real) + str(real)
        self["attributes, one level deep"] += repr(list(getattr(real, "__dict__", {}).values()))
        with contextlib.suppress(Exception):
            self["copies"] += repr(copy.copy(real)) + repr(list(vars(copy.copy(real)).values()))
        self["pickles"] += _pickled(real)

    def check(self) -> str:
        """Fail for a canary; return how many surfaces show none."""
        for surface, text in self.items():
            for form in SENT + ((COOKIE,) if surface == FACTS else (COOKIE, CHALLENGE)):
                assert form not in text, f"{surface} show the secret: {text!r}"
        SURFACES.update(self)
        return f"shown by none of {len(self)} surfaces"


def _pickled(thing: Any) -> str:
    try:
        return pickle.dumps(thing).decode("latin-1")
    except Exception as error:
        return f"{error!r} {error}"


GIVEN = {
    "set-cookie": f"session={COOKIE}; Path=/",
    "www-authenticate": f'Bearer realm="{CHALLENGE}"',
}
"""Headers of every response."""


def misbehave(request: Request, connection: Connection) -> None:
    """Answer by the name of the run, and to all else with a page of HTML."""
    if "reset" in request.target:
        connection.reset()
    elif "garbage" in request.target:
        connection.send(b"\x00 garbage\r\n\r\n")
        connection.close()
    elif "cut" in request.target:
        connection.head(200, {**GIVEN, "content-length": "50"})
        connection.close()
    elif "stall" in request.target:
        connection.wait_closed()
    elif "moved" in request.target:
        location = f"https://u:{COOKIE}@other.test/x?signature={COOKIE}#{COOKIE}"
        connection.answer(307, b"", {**GIVEN, "location": location})
    elif "denied" in request.target:
        body = b'{"error":{"type":"unauthorized","message":"no"}}'
        connection.answer(401, body, GIVEN)
    elif "stream" in request.target:
        headers = {**GIVEN, "stream-next-offset": "o2", "stream-closed": "true"}
        connection.json(200, [{"type": "log", "v": 3, "eventIndex": 0}], headers)
    else:
        connection.answer(503, b"<html>", {**GIVEN, "retry-after": "0"})


@contextlib.contextmanager
def listening(texts: Texts) -> Iterator[None]:
    """Take down every record of every logger, at DEBUG; httpx tells its own headers and URLs."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(("httpx", "httpcore")):
                texts["logs at DEBUG"] += record.getMessage() + repr(vars(record))

    handler, root = Handler(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def show(world: World, options: dict[str, Any], folder: Path) -> tuple[Texts, RawServer]:
    """Use a client with a secret, in good and in bad times; return what was shown."""
    texts = Texts()
    with listening(texts), RawServer(misbehave) as server:
        told: list[Any] = []
        often = BackoffOptions(
            initial_delay=0.001, max_delay=0.001, max_retries=1, on_failed_attempt=told.append
        )
        client = world.client(server.url, timeout=20, **options)
        calls: list[Callable[[], Any]] = [
            *(
                lambda name=name: client.runs.get(name, backoff_options=often)
                for name in ("reset", "garbage", "cut", "moved", "denied", "html")
            ),
            lambda: client.runs.get("stall", timeout=0.05),
            lambda: client.workflows.invoke("reset", input=1),
            lambda: client.workflows.run("html", timeout=0.2),
            lambda: client.runs.events("denied", backoff_options=often),
            lambda: client.agents.send("reset", "1", "x", backoff_options=often),
            lambda: client.agents.history("html", "1", backoff_options=often),
        ]
        for call in calls:
            texts.error(failure(call))
        controller = AbortController()
        aside = Aside(lambda: client.runs.get("stall", signal=controller.signal))
        assert server.wait_until(lambda: "stall" in server.requests[-1].target)
        controller.abort("enough")
        texts.error(aside.error())
        texts["hooks"] += repr(told) + "".join(repr(getattr(each, "__dict__", "")) for each in told)
        stream = client.runs.stream("stream", live=False, backoff_options=often)
        things = [client, client.workflows, client.runs, client.agents, stream]
        for thing in (*things, client.with_options(timeout=3), *list(stream)):
            texts.thing(thing)
        checkpoint = stream.checkpoint
        checkpoint.save(folder / "checkpoint.json")
        texts["files of checkpoints"] += (folder / "checkpoint.json").read_text()
        report = diagnose(server.url, run_id="r", timeout=0.3, watch=0, **_for_doctor(options))
        texts["findings of the doctor"] += repr(report) + str(report.to_dict())
    return texts, server


def _for_doctor(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("token", "headers") if name in options}
