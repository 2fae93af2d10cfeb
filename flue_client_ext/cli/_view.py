"""A view for people: lines that stay and, on a terminal, a region below them that is drawn anew.

Piped, or on a dumb terminal, there are only the lines. All text of the server passes
`printable_line` or `printable_text`, and none is read as markup.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.text import Text

from ._keyboard import unechoed
from ._out import is_terminal, is_unicode
from ._printable import printable_text
from ._retrying import NO_CONNECTION

if TYPE_CHECKING:
    from .._stream.stats import StreamStats

_FRAMES_PER_SECOND = 10
_LEAST_LINES = 3
_MOST = 4000


def console_on(stream: TextIO) -> Console:
    """A console that takes text as it is. The terminal decides, not `FORCE_COLOR`: a pipe gets
    plain lines. Colours are left out for `NO_COLOR`."""
    return Console(
        file=stream,
        force_terminal=is_terminal(stream),
        highlight=False,
        markup=False,
        emoji=False,
    )


class Followed(Protocol):
    """A stream that is shown."""

    @property
    def stats(self) -> StreamStats: ...


class View:
    """Lines on `stream`. `moving`: with a region below them, where the terminal can do that."""

    def __init__(self, stream: TextIO, moving: bool) -> None:
        self.console = console_on(stream)
        self.moving = moving and is_terminal(stream) and not self.console.is_dumb_terminal
        self.symbols = Symbols(is_unicode(stream))
        self._began = time.monotonic()
        self._stream: Followed | None = None
        self._failing = False
        self._live = ExitStack()

    def region(self) -> list[Text]:
        """The region as it stands; called from another thread, ten times a second."""
        return []

    def line(self, text: Text | str, style: str = "") -> None:
        """Print lines that stay."""
        shown = Text(text, style) if isinstance(text, str) else text
        self.console.print(_harmless(shown), soft_wrap=not self.console.is_terminal)

    def follows(self, stream: Followed) -> None:
        """Show in the region whether the stream is being read."""
        self._stream = stream

    def connection(self) -> list[str]:
        """What there is to say of the connection: nothing while all is well."""
        if self._stream is None:
            return []
        stats = self._stream.stats
        waits = stats.state == "waiting" or (self._failing and stats.last_byte_age is None)
        return [NO_CONNECTION] if waits else []

    def attempt_failed(self) -> bool:
        """Show, where the view moves, that a request before the stream is tried again."""
        self._failing = True
        return self.moving

    def elapsed(self) -> str:
        """The time since the view was made."""
        return duration_text((time.monotonic() - self._began) * 1000)

    def spinner(self) -> str:
        """The present picture of what turns while something is under way."""
        pictures = self.symbols.spinner
        return pictures[int((time.monotonic() - self._began) * _FRAMES_PER_SECOND) % len(pictures)]

    def __enter__(self) -> Self:
        if self.moving:
            live = Live(
                _Region(self),
                console=self.console,
                refresh_per_second=_FRAMES_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            with ExitStack() as stack:
                stack.enter_context(unechoed())
                stack.callback(live.stop)
                live.start()
                self._live = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.close()


class Symbols:
    """Pictures, or letters where the encoding has no pictures."""

    def __init__(self, pictures: bool) -> None:
        self.done = "✓" if pictures else "+"
        self.failed = "✗" if pictures else "x"
        self.begun = "▸" if pictures else ">"
        self.dot = " · " if pictures else ", "
        self.bar = "━─" if pictures else "#-"
        self.spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if pictures else "|/-\\"


class _Region:
    """The region of a view, as much of its end as the screen has place for."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        most = max(_LEAST_LINES, console.size.height - 2)
        lines = [
            line
            for text in self._view.region()
            for line in _harmless(text).wrap(console, max(1, options.max_width))
        ]
        yield Group(*lines[-most:])


def _harmless(text: Text) -> Text:
    shown = printable_text(text.plain)
    return text if shown == text.plain else Text(shown, text.style)


class Growing:
    """Text that comes in pieces. A region may read it from its own thread."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, piece: str) -> None:
        self._pieces.append(piece)

    def take(self) -> str:
        """Return the whole text, and begin anew."""
        pieces, self._pieces = self._pieces, []
        return printable_text("".join(pieces).strip())

    def tail(self, style: str = "") -> Text:
        """The end of the text, for a region: no screen shows more of it."""
        return Text(printable_text("".join(self._pieces[-_MOST:])[-_MOST:].lstrip()), style)


def duration_text(ms: Any) -> str:
    """Return a duration in milliseconds for people; nothing for what is no number."""
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms < 1e12:
        return ""
    if ms < 1000:
        return f"{round(ms)} ms"
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
