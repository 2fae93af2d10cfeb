"""The bytes of a connection that were received and not used yet. No I/O.

Bytes are used by moving an index, and nothing is kept but what was received last."""

from __future__ import annotations


class ReceiveBuffer:
    """Hands bytes out in the order in which they came."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def rest(self) -> bytes:
        """All that is not used."""
        return self._data[self._at :]

    def add(self, data: bytes) -> None:
        self._data = self.rest + data
        self._at = 0

    def trim(self) -> None:
        """Free the bytes that are used."""
        self.add(b"")

    def upto(self, size: int) -> bytes:
        """Use at most `size` bytes, and return them."""
        start = self._at
        self._at = min(start + size, len(self._data))
        return self._data[start : self._at]

    def line(self, limit: int) -> bytes | None:
        """Use the next line, and return it without its CRLF; `None` if that has not come yet. A
        line that is longer than `limit` or ends with LF alone raises `ValueError`."""
        start = self._at
        end = self._data.find(b"\r\n", start, start + limit)
        if end >= 0:
            self._at = end + 2
            return self._data[start:end]
        if len(self._data) - start >= limit:
            raise ValueError(f"a line of more than {limit} bytes")
        if self._data.find(b"\n", start) >= 0:  # at once: more may never come
            raise ValueError("a line that ends without CR")
        return None

    def crlf(self) -> bool:
        """Use a CRLF, and return whether it has come. Other bytes raise `ValueError`."""
        if self._data.startswith(b"\r\n", self._at):
            self._at += 2
            return True
        if self.rest not in (b"", b"\r"):
            raise ValueError("bytes where a line ends")
        return False
