"""Checks the answers that a test receives against openapi.yaml, whichever client receives them.

All bytes of answers pass two places: the connection of the client's own sockets, and the transports
of httpx. `checked_answers` looks on at both. An answer is checked once it has arrived whole; an
event stream also when it has been cut or closed, up to its last whole frame. What does not fit
fails the test at its end, so that the code under test sees nothing of the check.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import attrs
import httpx
import pytest

from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.operations import ByteFlow
from flue_client_ext._values.http import Head, Request
from tests.contract_spec.document import document
from tests.contract_spec.validation import (
    BODILESS,
    ContractViolation,
    path_template,
    validate_response,
)

_CONVERSATION = "/agents/{name}/{id}"


@attrs.define(eq=False)
class Received:
    """An answer under way."""

    method: str
    url: httpx.URL
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytearray = attrs.field(factory=bytearray)

    @property
    def is_event_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def is_framed(self) -> bool:
        """Whether the end of its body can be told from a cut (RFC 9112 section 6.3)."""
        if self.method == "HEAD" or self.status in BODILESS:
            return True
        return bool({"content-length", "transfer-encoding"} & {*self.headers})

    @property
    def answered_path(self) -> str:
        """A server older than 2.2 ignores the cursor `before`, and answers the snapshot."""
        is_page = self.status != 200 or b'"before":' in self.body
        return self.path if is_page else self.path.removesuffix("#before")

    @property
    def answered_paths(self) -> list[str]:
        """What the request may have read: a server older than beta.8 ignores `view`, and answers
        the events of the agent."""
        path = self.answered_path
        has_events = path in (_CONVERSATION, f"{_CONVERSATION}#updates") and self.method != "POST"
        return [path, f"{_CONVERSATION}#events"] if has_events else [path]

    def check(self) -> None:
        problems: list[str] = []
        for path in self.answered_paths:
            try:
                body = bytes(self.body)
                validate_response(self.method, path, self.status, self.headers, None, body)
                return
            except ContractViolation as error:
                problems.append(str(error))
        raise ContractViolation(f"{self.method} {self.url}", problems)


class Answers:
    """The answers that are received; `violations` tells what the contract does not allow."""

    def __init__(self) -> None:
        self.checked = 0
        self.violations: list[str] = []
        self._under_way: set[Received] = set()

    def begin(
        self, method: str, url: str, status: int, headers: Mapping[str, str]
    ) -> Received | None:
        """Return the answer; None if the contract is silent, or its end is not told from a cut."""
        path = path_template(where := httpx.URL(url))
        if path is None or method.lower() not in document()["paths"][path]:
            return None
        answer = Received(method, where, path, status, headers)
        if "content-encoding" in headers or not (answer.is_framed or answer.is_event_stream):
            return None
        self._under_way.add(answer)
        return answer

    def end(self, answer: Received) -> None:
        """Check an answer that has arrived whole."""
        self._under_way.discard(answer)
        self._check(answer)

    def finish(self) -> None:
        """Check event streams, and answers without a body, that nobody has read to an end."""
        for answer in list(self._under_way):
            if answer.is_event_stream or answer.method == "HEAD":
                self._check(answer)
        self._under_way.clear()

    def _check(self, answer: Received) -> None:
        self.checked += 1
        try:
            answer.check()
        except ContractViolation as error:
            self.violations.append(str(error))


@contextmanager
def checked_answers() -> Iterator[Answers]:
    """Look on at what is received; AssertionError at the end for what openapi.yaml forbids."""
    answers = Answers()
    with pytest.MonkeyPatch.context() as patch:
        _look_on_at_sockets(answers, patch)
        _look_on_at_httpx(answers, patch)
        yield answers
    answers.finish()
    assert not answers.violations, "\n".join(answers.violations[:20])


def _look_on_at_sockets(answers: Answers, patch: pytest.MonkeyPatch) -> None:
    latest: WeakKeyDictionary[Connection, Received | None] = WeakKeyDictionary()
    original_open, original_read = Connection.open, Connection.read

    def open(self: Connection, request: Request) -> ByteFlow[Head]:
        head = yield from original_open(self, request)
        latest[self] = answers.begin(request.method, request.url, head.status, head.headers)
        look(self, b"")
        return head

    def read(self: Connection) -> ByteFlow[bytes]:
        data = yield from original_read(self)
        look(self, data)
        return data

    def look(self: Connection, data: bytes) -> None:
        """An async channel does not read again where it knows that the body has ended."""
        answer = latest.get(self)
        if answer is not None:
            answer.body += data
            if self._body is None or self._body.ended:
                latest[self] = None
                answers.end(answer)

    patch.setattr(Connection, "open", open)
    patch.setattr(Connection, "read", read)


def _look_on_at_httpx(answers: Answers, patch: pytest.MonkeyPatch) -> None:
    original = httpx.HTTPTransport.handle_request
    original_async = httpx.AsyncHTTPTransport.handle_async_request

    def begin(request: httpx.Request, response: httpx.Response) -> Received | None:
        url = str(request.url)
        return answers.begin(request.method, url, response.status_code, response.headers)

    def handle(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        response = original(self, request)
        if (answer := begin(request, response)) is not None:
            assert isinstance(response.stream, httpx.SyncByteStream)
            response.stream = _Body(response.stream, answers, answer)
        return response

    async def handle_async(
        self: httpx.AsyncHTTPTransport, request: httpx.Request
    ) -> httpx.Response:
        response = await original_async(self, request)
        if (answer := begin(request, response)) is not None:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            response.stream = _AsyncBody(response.stream, answers, answer)
        return response

    patch.setattr(httpx.HTTPTransport, "handle_request", handle)
    patch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle_async)


class _Body(httpx.SyncByteStream):
    def __init__(self, real: httpx.SyncByteStream, answers: Answers, answer: Received) -> None:
        self._real = real
        self._answers = answers
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        for part in self._real:
            self._answer.body += part
            yield part
        self._answers.end(self._answer)

    def close(self) -> None:
        self._real.close()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, real: httpx.AsyncByteStream, answers: Answers, answer: Received) -> None:
        self._real = real
        self._answers = answers
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._real:
            self._answer.body += part
            yield part
        self._answers.end(self._answer)

    async def aclose(self) -> None:
        await self._real.aclose()
