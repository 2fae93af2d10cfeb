"""The wire to a conversation: it delays, closes, and counts what is asked for and what comes."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from tests.servers.pipe import End
from tests.servers.proxy import TcpProxy

_LAST_CHUNK = b"0\r\n\r\n"


@frozen
class Path:
    """How far away the server is, in seconds each way, and how connections to it are closed."""

    label: str
    delay: float
    how: Literal["close", "reset"]


class Wire(TcpProxy):
    """A proxy for one reader. `cut_all` ends an event stream as HTTP does where the path closes
    connections, and without a word where it resets them."""

    def __init__(self, port: int, path: Path) -> None:
        super().__init__(("127.0.0.1", port), delay=path.delay, cut_how=path.how)
        self.path = path
        self.histories = 0
        """How often the history has been asked for."""
        self.live_reads = 0
        self.lost = 0
        """How many chunks a cut has lost on their way to the reader."""
        self._event_streams: set[End] = set()
        self._awaited: tuple[bytes, float] | None = None
        self._under_way: bytes | None = None

    def cut_chunk(self, word: str, place: float) -> None:
        """Cut every connection once, when the chunk with `word` has come that far on its way:
        0 at the server, 1 at the reader."""
        self._awaited = word.encode(), place

    def wait_for_reader(self) -> None:
        """Wait until whoever is on this path follows the conversation."""
        if not self.wait_until(lambda: self.live_reads > 0):
            raise RuntimeError(f"nobody reads: {self.path.label}")

    def setting_out(self, end: End, data: bytes) -> None:
        if end.faces_client and self._awaited and self._awaited[0] in data:
            self._under_way, place = self._awaited
            self._awaited = None
            if self.delay and place:
                self.loop.call_later(place * self.delay, self._interrupt)
            else:
                self._interrupt()

    def forwarded(self, end: End, data: bytes) -> None:
        if not end.faces_client:
            self.histories += data.count(b"GET ") - data.count(b"offset=")
            self.live_reads += data.count(b"live=")
        elif b"text/event-stream" in data:
            self._event_streams.add(end)
        if end.faces_client and self._under_way and self._under_way in data:
            self._under_way = None
        super().forwarded(end, data)

    def _interrupt(self) -> None:
        self.lost += self._under_way is not None
        self._under_way = None
        self._cut_open()

    def _cut_open(self) -> None:
        for end in self._event_streams & self._open:
            if self.cut_how == "close" and end.transport is not None:
                end.transport.write(_LAST_CHUNK)
        self._event_streams.clear()
        super()._cut_open()
