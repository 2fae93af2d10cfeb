"""Replacing a small file so that whoever looks, and whenever a process is killed, finds the old
content whole or the new. Nothing here waits for anybody else."""

from __future__ import annotations

import itertools
import os
import stat
import sys
from contextlib import suppress

_FLAGS = (
    os.O_RDWR
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # or it would wait for the other end of a FIFO
    | getattr(os, "O_BINARY", 0)
)
_NEW = _FLAGS | os.O_CREAT | os.O_EXCL
_SHOWN = 48
"""Characters of the file's name in that of a temporary one: names have 255 bytes at most."""

_numbers = itertools.count()


def replace_file(path: str, content: bytes) -> None:
    """Write `content` to a temporary file beside `path`, to the disk, and put it in its place.

    A file that was there keeps its permissions and, where this process may give files away, its
    owner; a symbolic link goes on leading to it. What is renamed has reached the disk, which
    `rename` alone does not promise (man 2 fsync).
    """
    target = os.path.realpath(path)
    old = _status(target)
    descriptor, scratch = _temporary(target, 0o666 if old is None else _mode(old))
    try:
        if old is not None:
            _keep_permissions(old, descriptor)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
        if sys.platform == "win32":  # which renames no open file
            descriptor = _closed(descriptor)
        os.replace(scratch, target)
    except BaseException:
        _remove(descriptor, scratch)
        raise
    finally:
        _closed(descriptor)
    _sync_folder(os.path.dirname(target))


def _status(target: str) -> os.stat_result | None:
    try:
        return os.stat(target)
    except FileNotFoundError:
        return None


def _temporary(target: str, mode: int) -> tuple[int, str]:
    """Make the temporary file of `target`. Its name is the same as long as nobody else uses it, so
    that killed processes leave one behind, which the next removes. Otherwise it has a name of its
    own: the other one may be a frame of this thread that a signal handler has interrupted, a
    stopped process, or somebody else's."""
    folder, name = os.path.split(target)
    scratch = os.path.join(folder, f".{name}.tmp")
    try:
        descriptor = _locked(scratch, mode)
    except OSError:  # in use, a stranger's, a folder, too long, without locks (network) ...
        descriptor = -1
    while descriptor < 0:
        own = f".{name[:_SHOWN]}.{os.getpid()}.{next(_numbers)}.tmp"
        scratch = os.path.join(folder, own)
        with suppress(FileExistsError):  # a killed process had the same id
            descriptor = os.open(scratch, _NEW, mode)
    return descriptor, scratch


def _locked(scratch: str, mode: int) -> int:
    """Make the file of that name and lock it, which shows others that it is in use; -1 where that
    cannot be. The lock ends with its process."""
    if sys.platform == "win32":
        return -1
    from fcntl import LOCK_EX, LOCK_NB, flock

    if os.path.lexists(scratch):
        _remove_leftover(scratch)
    descriptor = os.open(scratch, _NEW, mode)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        if _is_at(descriptor, scratch):  # nobody has taken it for a leftover meanwhile
            return descriptor
    except BlockingIOError:  # by one who is about to remove it
        pass
    except BaseException:
        _remove(descriptor, scratch)
        _closed(descriptor)
        raise
    return _closed(descriptor)


def _remove_leftover(scratch: str) -> None:
    """Remove what a killed process of this user has left. It is not used again: it has the mode
    that suited its maker. Raises `OSError` if somebody uses it."""
    if sys.platform == "win32":
        return
    from fcntl import LOCK_EX, LOCK_NB, flock

    descriptor = os.open(scratch, _FLAGS)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            flock(descriptor, LOCK_EX | LOCK_NB)
            _remove(descriptor, scratch)
    finally:
        os.close(descriptor)


def _remove(descriptor: int, name: str) -> None:
    """Remove the file that is open, unless the name leads to another one by now: after it was
    renamed, the name may be somebody else's."""
    if descriptor < 0 or _is_at(descriptor, name):
        with suppress(OSError):
            os.unlink(name)


def _is_at(descriptor: int, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(name))
    except FileNotFoundError:
        return False


def _closed(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1


def _mode(old: os.stat_result) -> int:
    """The old file's mode; its owner may always write the new one, or no next one could."""
    return stat.S_IMODE(old.st_mode) | stat.S_IRUSR | stat.S_IWUSR


def _keep_permissions(old: os.stat_result, descriptor: int) -> None:
    """Give the new file the old one's owner, if that may be, and mode."""
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
    """Make the new name survive a power cut, where a folder can be synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with suppress(OSError):
        os.fsync(descriptor)
    _closed(descriptor)
