"""Kills a process that writes a dot at each step, wherever it is some steps further."""

from __future__ import annotations

import fcntl
import os
import signal
from random import Random


def pipe_of_dots() -> tuple[int, int]:
    """Return the ends of a pipe that holds one dot: who writes never is far ahead of who reads, and
    waits for one that stands still."""
    dots, tell = os.pipe2(os.O_DIRECT)  # each dot takes a page, of which there is one
    fcntl.fcntl(tell, fcntl.F_SETPIPE_SZ, 1)
    return dots, tell


def is_killed(child: int, dots: int, chance: Random, wanted: int, further: int) -> bool:
    """Kill `child` when `wanted` bytes have come from it through the pipe `dots`, at most `further`
    turns of a loop later. Return whether that was before its own end, which must be a good one."""
    while wanted > 0 and (come := os.read(dots, wanted)):
        wanted -= len(come)
    for _ in range(chance.randint(0, further)):
        pass
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(dots)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)
