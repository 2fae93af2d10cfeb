"""The screen of a terminal: what a person sees of the bytes that a program has written.

As much of ECMA-48 as the commands use: the position, erasing, scrolling. Colours are passed over;
an unknown sequence is an error, so that no test looks at a screen that no terminal would show.
"""

from __future__ import annotations

import re
import unicodedata

_SEQUENCE = re.compile(r"\x1b\[([?>]?)([\d;]*)([@-~])|\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)")
_IGNORED = {"m", "h", "l", "c", "q", "t", "u"}


class Screen:
    """Lines that have scrolled out at the top are kept: `text` has all."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.gone: list[str] = []
        self.row = self.column = 0
        self.answers: list[str] = []
        """What the terminal answers to the program's questions."""
        self.title = ""
        self._cells = [self._blank() for _ in range(height)]
        self._rest = ""

    @property
    def text(self) -> str:
        """All lines, those out of sight too."""
        return "\n".join([*self.gone, *self.lines()])

    def lines(self) -> list[str]:
        """The lines that are in sight."""
        return ["".join(cells).rstrip() for cells in self._cells]

    def write(self, text: str) -> None:
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self._put(text[at])
                at += 1
                continue
            found = _SEQUENCE.match(text, at)
            if found is None:
                assert len(text) - at < 200, f"an unknown sequence: {text[at : at + 20]!r}"
                self._rest = text[at:]
                return
            self._obey(found)
            at = found.end()

    def resize(self, height: int, width: int) -> None:
        """Cut or fill each line, drop lines at the top or add some at the bottom."""
        self.height, self.width = height, width
        gone = max(0, self.row + 1 - height)
        self.gone += ["".join(cells).rstrip() for cells in self._cells[:gone]]
        kept = [[*cells, *self._blank()][:width] for cells in self._cells[gone:]][:height]
        self._cells = [*kept, *[self._blank() for _ in range(height - len(kept))]]
        self.row, self.column = self.row - gone, min(self.column, width - 1)

    def _blank(self) -> list[str]:
        return [" "] * self.width

    def _put(self, char: str) -> None:
        if char == "\n":
            self._down()
        elif char == "\r":
            self.column = 0
        elif char == "\b":
            self.column = max(0, self.column - 1)
        elif char == "\t":
            self.column = min(self.width - 1, (self.column // 8 + 1) * 8)
        elif char.isprintable() and not unicodedata.combining(char):
            wide = unicodedata.east_asian_width(char) in "WF"
            if self.column + wide >= self.width:
                self.column = 0
                self._down()
            self._cells[self.row][self.column] = char
            if wide:
                self._cells[self.row][self.column + 1] = ""
            self.column += 1 + wide

    def _down(self) -> None:
        if self.row < self.height - 1:
            self.row += 1
            return
        self.gone.append("".join(self._cells.pop(0)).rstrip())
        self._cells.append(self._blank())

    def _obey(self, found: re.Match[str]) -> None:
        private, given, final, title = found.groups()
        if title is not None:
            self.title = title
            return
        numbers = [int(number or 0) for number in given.split(";")]
        count = max(1, numbers[0])
        if final == "A":
            self.row = max(0, self.row - count)
        elif final == "B":
            self.row = min(self.height - 1, self.row + count)
        elif final == "C":
            self.column = min(self.width - 1, self.column + count)
        elif final == "D":
            self.column = max(0, self.column - count)
        elif final == "G":
            self.column = count - 1
        elif final == "H":
            self.row, self.column = count - 1, max(1, (numbers + [1])[1]) - 1
        elif final == "K":
            self._erase(self.row, numbers[0])
        elif final == "J":
            self._erase(self.row, numbers[0])
            others = {0: range(self.row + 1, self.height), 1: range(self.row)}
            for row in others.get(numbers[0], range(self.height)):
                self._erase(row, 2)
        elif final == "n" and numbers[0] == 6:
            self.answers.append(f"\x1b[{self.row + 1};{self.column + 1}R")
        else:
            assert final in _IGNORED or private, f"an unknown sequence: {found[0]!r}"

    def _erase(self, row: int, how: int) -> None:
        start = 0 if how else self.column
        end = self.column + 1 if how == 1 else self.width
        self._cells[row][start:end] = [" "] * (end - start)
