"""Replacing a file so that whoever looks, and whenever a process is killed, finds the old
content whole or the new. Nothing here waits for anybody else."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from errno import EISDIR

from ._scratch import closed, remove, temporary


def replace_file(path: str, content: bytes) -> None:
    """Put `content` in the place of the file `path`."""
    replacement = Replacement(path)
    try:
        replacement.open()
        replacement.write(content)
        replacement.commit()
    except BaseException:
        replacement.discard()
        raise


class Replacement:
    """The new content of the file `path`, in a temporary file beside it until it is whole.

    A file that was there keeps its permissions and, where this process may give files away, its
    owner; a symbolic link goes on leading to it. Whoever makes one ends it with `commit` or
    `discard`, whether or not `open` has come to its end.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._target = ""
        self._old: os.stat_result | None = None
        self._descriptor, self._scratch = -1, ""

    def open(self) -> None:
        self._target = os.path.realpath(self._path)
        self._old = _status(self._target)
        if self._old is not None and stat.S_ISDIR(self._old.st_mode):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR), self._path)
        mode = 0o666 if self._old is None else _mode(self._old)
        try:
            self._descriptor, self._scratch = temporary(self._target, mode)
        except OSError as error:
            error.filename = self._path  # what the caller knows; the temporary file is ours
            raise

    def write(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def restart(self) -> None:
        """Drop what was written."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)

    def commit(self) -> None:
        """Put the new content in the place of the old. What is renamed has reached the disk, which
        `rename` alone does not promise (man 2 fsync)."""
        if self._old is not None:
            _keep_permissions(self._old, self._descriptor)
        os.fsync(self._descriptor)
        if sys.platform == "win32":  # which renames no open file
            self._close()
        os.replace(self._scratch, self._target)
        self._scratch = ""
        self._close()
        _sync_folder(os.path.dirname(self._target))

    def discard(self) -> None:
        """Leave the old content as it is. Does nothing after `commit`."""
        scratch, self._scratch = self._scratch, ""
        if scratch:
            remove(self._descriptor, scratch)
        self._close()

    def _close(self) -> None:
        self._descriptor = closed(self._descriptor)


def _status(target: str) -> os.stat_result | None:
    try:
        return os.stat(target)
    except FileNotFoundError:
        return None


def _mode(old: os.stat_result) -> int:
    """The old file's mode. The owner may always read and write, or the next save would fail."""
    return stat.S_IMODE(old.st_mode) | stat.S_IRUSR | stat.S_IWUSR


def _keep_permissions(old: os.stat_result, descriptor: int) -> None:
    """Give the new file the mode of the old one and, if this process may, its owner."""
    if sys.platform == "win32":
        return
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(OSError):
            os.fchown(descriptor, -1, old.st_gid)
        with suppress(OSError):
            os.fchown(descriptor, old.st_uid, -1)
    os.fchmod(descriptor, _mode(old))


def _sync_folder(folder: str) -> None:
    """Make the rename survive a power failure, where a folder can be synced (fsync(2))."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with suppress(OSError):
        os.fsync(descriptor)
    closed(descriptor)
