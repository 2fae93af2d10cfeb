"""What a fault does: with a request that it strikes, with a server before the call, or midway."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from tests.servers.raw import Connection, Handshake, Mode, RawServer, Request

from .answers import Edit, Struck
from .calls import Call
from .rewrites import RepeatedFrames

Handle = Callable[[], object]
Headers = Mapping[str, str]


class Stage(Protocol):
    """What a fault meets: a server, the call under test, and what may happen to them."""

    server: RawServer
    call: Call
    struck: int
    posts: int
    pages: dict[str, bytes]
    expired: set[str]
    over: threading.Event

    def count(self) -> None:
        """Note that the fault has struck."""

    def go_on(self) -> None:
        """Let happen what the call waits for."""

    def spoil(self, mode: Mode = "serve", greet: Handshake = Connection.secure) -> None:
        """Take connections in another way from now on, or greet them in another way."""

    def lose(self) -> None:
        """Have something else, and shorter, in place of what the call reads."""


class Strike:
    """One kind of what goes wrong. Each does one of the three."""

    def prepare(self, stage: Stage) -> None:
        """Do something before the call."""

    def strike(
        self, stage: Stage, request: Request, connection: Connection, handle: Handle
    ) -> None:
        """Answer a request that is struck. `handle` answers it as it should be."""
        handle()

    def strikes_again(self, stage: Stage, request: Request) -> bool:
        """Whether a request is struck out of its turn, because of one that was struck before."""
        return False

    def midway(self, stage: Stage) -> None:
        """Do something once the call has brought a part of what is there."""


@attrs.frozen
class Edited(Strike):
    """The request is carried out, and something happens to the answer."""

    edit: type[Edit]

    def strike(
        self, stage: Stage, request: Request, connection: Connection, handle: Handle
    ) -> None:
        connection.send = self.edit(connection, stage.count)  # type: ignore[method-assign]
        try:
            handle()
        finally:
            del connection.send


@attrs.frozen
class Status(Strike):
    """Another answer, and the request is not carried out. `types`: of Flue's errors, by what the
    request is for; `meta`: as Flue's errors have it; `body`: what a proxy says."""

    status: int
    headers: Callable[[], Headers] = dict
    body: bytes = b""
    types: Mapping[str, str] = attrs.field(factory=dict[str, str])
    meta: Any = None

    def strike(
        self, stage: Stage, request: Request, connection: Connection, handle: Handle
    ) -> None:
        stage.count()
        if request.method == "HEAD":
            connection.head(self.status, {"content-length": "0", **self.headers()})
            return
        kind = self.types.get(stage.call.wants)
        if kind is None:
            headers = {"content-type": "text/html", **self.headers()}
            connection.answer(self.status, self.body, headers)
            return
        error: dict[str, Any] = {"type": kind, "message": kind, "details": ""}
        error |= {} if self.meta is None else {"meta": self.meta}
        connection.answer(
            self.status, json.dumps({"error": error}).encode(), {"content-type": "application/json"}
        )


@attrs.frozen
class Unauthorized(Status):
    """The request's token has expired: 401, as often as that token comes again."""

    def strike(
        self, stage: Stage, request: Request, connection: Connection, handle: Handle
    ) -> None:
        stage.expired.add(request.headers["authorization"])
        super().strike(stage, request, connection, handle)

    def strikes_again(self, stage: Stage, request: Request) -> bool:
        return request.headers["authorization"] in stage.expired


@attrs.frozen
class Away(Strike):
    """The server does not accept connections, or not as it should. Two attempts later it does.

    A POST meets it from the start, since one that arrives is another fault."""

    mode: Mode = "serve"
    greet: Handshake = Connection.secure

    def prepare(self, stage: Stage) -> None:
        if stage.call.is_post:
            stage.count()
            stage.spoil(self.mode, self.greet)

    def strike(
        self, stage: Stage, request: Request, connection: Connection, handle: Handle
    ) -> None:
        if stage.call.is_post:
            handle()
            return
        stage.count()
        stage.spoil(self.mode, self.greet)
        connection.reset()
        raise Struck


@attrs.frozen
class Repeated(Strike):
    """Batches come twice: in an event stream, or as the page before in place of the next."""

    def strike(
        self, stage: Stage, request: Request, connection: Connection, handle: Handle
    ) -> None:
        path = request.target.partition("?")[0]
        if "live=sse" in request.target:
            Edited(RepeatedFrames).strike(stage, request, connection, handle)
        elif page := stage.pages.pop(path, b""):
            stage.count()
            connection.send(page)
        else:
            recorder = _Recorder(connection, stage.count)
            Edited(lambda *_: recorder).strike(stage, request, connection, handle)  # type: ignore[arg-type]
            stage.pages[path] = recorder.page


class _Recorder(Edit):
    """Keeps the page that it passes on; an answer without items is none."""

    page = b""

    def body(self, head: Any, data: bytes) -> None:
        super().body(head, data)
        self.page = head.encode() + data


@attrs.frozen
class LostStore(Strike):
    """The server has lost what it knew, and something else is at the same address."""

    def strike(
        self, stage: Stage, request: Request, connection: Connection, handle: Handle
    ) -> None:
        self._lose(stage)
        handle()

    def midway(self, stage: Stage) -> None:
        self._lose(stage)
        stage.server.reset_all()

    def _lose(self, stage: Stage) -> None:
        stage.count()
        stage.lose()
