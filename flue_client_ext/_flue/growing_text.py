"""A text that grows by deltas, in time linear in their number and little more memory than the
text takes."""

from __future__ import annotations

_LOW_SURROGATES = ("\udc00", "\udfff")
_MOST_PIECES = 256


class GrowingText:
    """Deltas are kept as pieces until there are many of them, or the text is asked for."""

    __slots__ = ("_joined", "_pieces", "_split")

    def __init__(self, text: str = "") -> None:
        self._joined = [text]
        self._pieces: list[str] = []
        self._split = False

    def append(self, delta: str) -> None:
        """Append `delta`; `TypeError` if it is no string."""
        low, high = _LOW_SURROGATES
        if low <= delta[:1] <= high:
            self._split = True
        self._pieces.append(delta)
        if len(self._pieces) > _MOST_PIECES:
            self._joined.append("".join(self._pieces))
            self._pieces.clear()

    def value(self) -> str:
        """Return the text. JSON has UTF-16 code units, and a model's deltas may split an emoji."""
        text = "".join((*self._joined, *self._pieces))
        if self._split:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        self._joined, self._pieces, self._split = [text], [], False
        return text
