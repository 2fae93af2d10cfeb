"""The progress of a batch for people: how many are done, how many failed, rate and time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TextIO

from rich.text import Text

from .._values.jsoncodec import as_object
from ._printable import brief
from ._view import View, duration_text

if TYPE_CHECKING:
    from ._items import Item

_MOST_FAILURES = 20
_SECONDS_BETWEEN_LINES = 10.0


class BatchView(View):
    """Counts outcomes. `done`: how many of the `total` were there before."""

    def __init__(self, stream: TextIO, total: int, done: int, *, quiet: bool) -> None:
        super().__init__(stream, moving=not quiet)
        self._quiet = quiet
        self._total, self._before = total, done
        self._done = done
        self._failed = 0
        self._start = self._said = time.monotonic()

    def done(self, item: Item, record: dict[str, Any]) -> None:
        """Count the outcome of an item."""
        self._done += 1
        if "error" in record:
            self._fail(item, record)
        now = time.monotonic()
        if not (self.moving or self._quiet) and now - self._said > _SECONDS_BETWEEN_LINES:
            self._said = now
            self.line(self.words())

    def words(self) -> str:
        """What there is to say of the progress."""
        spent = time.monotonic() - self._start
        fresh = self._done - self._before
        words = [f"{self._done}/{self._total} done"]
        words += [f"{self._failed} failed"] if self._failed else []
        if fresh and spent:
            rate = fresh / spent
            words.append(f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min")
            left = (self._total - self._done) / rate
            words += [f"{duration_text(max(left, 1.0) * 1000)} left"] if left else []
        return self.symbols.dot.join(words)

    def region(self) -> list[Text]:
        """A bar as wide as the terminal, and the words."""
        width = max(10, min(40, self.console.width - 2))
        full = round(width * self._done / max(1, self._total))
        bar = Text(self.symbols.bar[0] * full, "green")
        bar.append(self.symbols.bar[1] * (width - full), "dim")
        return [bar, Text(f"{self.spinner()} {self.words()}", "dim")]

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        if not self._quiet:
            self.line(self.words())

    def _fail(self, item: Item, record: dict[str, Any]) -> None:
        self._failed += 1
        if self._quiet or self._failed > _MOST_FAILURES + 1:
            return
        if self._failed > _MOST_FAILURES:
            self.line("More failures are in the file of results only.", "red")
            return
        message = as_object(record["error"]).get("message")
        self.line(f"{self.symbols.failed} line {item.line}: {brief(message, 200)}", "red")
