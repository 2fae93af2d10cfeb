"""The event stream parser of the WHATWG HTML standard, 9.2.6, line for line: slow and plain.

Written from the standard's text, as the judge of ours.
"""

from __future__ import annotations

Events = list[tuple[str, str]]


def parse(raw: bytes) -> Events:
    """Return the (type, data) of every event that the whole stream `raw` dispatches."""
    text = raw.decode("utf-8", "replace")
    if text.startswith("\ufeff"):
        text = text[1:]
    events: Events = []
    kind = data = ""
    for line in _lines(text):
        if line == "":
            if data:
                events.append((kind or "message", data.removesuffix("\n")))
            kind = data = ""
            continue
        name, colon, value = line.partition(":")
        if not name and colon:
            continue
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data += value + "\n"
    return events


def _lines(text: str) -> list[str]:
    """The complete lines of `text`: an end of line is CRLF, LF or CR; the rest is dropped."""
    lines, line, place = [], "", 0
    while place < len(text):
        if text[place] == "\r":
            lines.append(line)
            line = ""
            place += 2 if text[place : place + 2] == "\r\n" else 1
        elif text[place] == "\n":
            lines.append(line)
            line = ""
            place += 1
        else:
            line += text[place]
            place += 1
    return lines
