"""The keyboard while a view moves: what is typed then is not echoed into it, and is read later."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def unechoed() -> Generator[None]:
    """Switch the terminal's echo off. Ctrl-C works, and lines that are typed wait for whoever reads
    next. Does nothing without a terminal, and in the background, where a change would stop the
    process (SIGTTOU)."""
    try:
        import termios
    except ImportError:  # Windows, whose console echoes only while it is read
        yield
        return
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        if os.tcgetpgrp(descriptor) != os.getpgrp():
            raise OSError
    except (OSError, ValueError, termios.error):
        yield
        return
    silent = list(before)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
