"""Records in a file, one JSON object a line, each under a key: what a batch has done so far.

A record is one write at the end of the file. A process that is killed leaves at most one line that
is not whole, at the end; the next one cuts it off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from .._files import replace_file
from .._values.jsoncodec import as_object
from ._printable import json_text

Record = dict[str, Any]


class Records:
    """The records of a file by their keys; a later one replaces an earlier one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Record] = {}
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            _lock(self._descriptor, self.path)
            self._load()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)

    def get(self, key: str) -> Record | None:
        return self._known.get(key)

    def add(self, record: Record) -> None:
        """Append a record."""
        line = memoryview(_line(record))
        while line:
            line = line[os.write(self._descriptor, line) :]
        self._known[record["key"]] = record

    def replace(self, records: Iterable[Record]) -> None:
        """Replace all records by these. The file must be closed."""
        replace_file(os.fspath(self.path), b"".join(map(_line, records)))

    def remove(self) -> None:
        """Remove the file. It must be closed."""
        with suppress(FileNotFoundError):
            self.path.unlink()

    def _load(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(self._descriptor, whole)
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                record = as_object(json.loads(line))
                self._known[record["key"]] = record
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"{self.path}, line {number}, is no record of a batch") from None


def _line(record: Record) -> bytes:
    return f"{json_text(record)}\n".encode()


def _lock(descriptor: int, path: Path) -> None:
    """One process at a time; the lock ends with the process. Windows does without."""
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"another process is writing {path}") from None
