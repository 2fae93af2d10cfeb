"""Replacing a small file so that whoever looks, and whenever a process is killed, finds the old
content whole or the new."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to a temporary file beside `path`, to the disk, and put it in its place.

    A file that was there keeps its permissions, a symbolic link goes on leading to it. What is
    renamed has reached the disk, which `rename` alone does not promise (man 2 fsync).
    """
    target = os.path.realpath(os.fsdecode(path))
    descriptor, scratch = _temporary(target)
    try:
        _keep_permissions(target, descriptor)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
        if sys.platform == "win32":  # which renames no open file
            descriptor = _closed(descriptor)
        os.replace(scratch, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(scratch)
        raise
    finally:
        _closed(descriptor)
    _sync_folder(os.path.dirname(target))


def _temporary(target: str) -> tuple[int, str]:
    """Open the temporary file of `target`. Its name is always the same, so that killed processes
    leave one behind at most, which the next takes over; a lock, which ends with its process, keeps
    others out meanwhile. Without locks each process and thread has a name of its own."""
    folder, name = os.path.split(target)
    scratch = os.path.join(folder, f".{name}.tmp")
    descriptor = _locked(scratch)
    if descriptor < 0:
        import threading

        scratch = os.path.join(folder, f".{name}.{os.getpid()}.{threading.get_ident()}.tmp")
        descriptor = os.open(scratch, _FLAGS | os.O_TRUNC, 0o666)
    return descriptor, scratch


def _locked(scratch: str) -> int:
    """Return an empty, locked file of that name; -1 where there are no locks."""
    if sys.platform == "win32":
        return -1
    from fcntl import LOCK_EX, flock

    while True:
        descriptor = os.open(scratch, _FLAGS, 0o666)
        try:
            flock(descriptor, LOCK_EX)
            if _is_at(descriptor, scratch):
                os.ftruncate(descriptor, 0)
                return descriptor
        except OSError:  # some network file systems
            return _closed(descriptor)
        except BaseException:
            _closed(descriptor)
            raise
        _closed(descriptor)  # another process has put it in place while this one waited


def _is_at(descriptor: int, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(name))
    except FileNotFoundError:
        return False


def _closed(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1


def _keep_permissions(target: str, descriptor: int) -> None:
    """Give the new file the old one's mode; its owner may always write it, or no next one could."""
    if sys.platform == "win32":
        return
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(os.stat(target).st_mode)
        os.fchmod(descriptor, mode | stat.S_IRUSR | stat.S_IWUSR)


def _sync_folder(folder: str) -> None:
    """Make the new name survive a power cut, where a folder can be synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with suppress(OSError):
        os.fsync(descriptor)
    _closed(descriptor)
