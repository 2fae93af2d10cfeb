"""Temporary files beside the ones whose content they will be: found by whoever comes after a killed
process, and used by one at a time."""

from __future__ import annotations

import itertools
import os
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


def temporary(target: str, mode: int) -> tuple[int, str]:
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
        remove(descriptor, scratch)
        closed(descriptor)
        raise
    return closed(descriptor)


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
            remove(descriptor, scratch)
    finally:
        os.close(descriptor)


def remove(descriptor: int, name: str) -> None:
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


def closed(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1
