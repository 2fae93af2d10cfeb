"""What Python can only print: an object that is dropped unclosed, an error in a destructor.

pytest makes failures of them. Here the processes of the experiments do, which run without it."""

from __future__ import annotations

import gc
import sys
import warnings
from typing import TYPE_CHECKING

from .options import Broken

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_found: list[str] = []


def watch() -> None:
    """Take note of each from now on in this process. A `ResourceWarning` is an error."""
    warnings.simplefilter("error", ResourceWarning)
    sys.unraisablehook = _note


def take() -> list[str]:
    """Return what was found since the last time."""
    found, _found[:] = _found[:], []
    return found


def check() -> None:
    """Collect garbage, and raise `Broken` for what was found."""
    gc.collect()
    if found := take():
        raise Broken(f"dropped unclosed, or failed unseen: {found[:5]}")


def _note(unraisable: UnraisableHookArgs) -> None:
    _found.append(f"{unraisable.exc_value!r} {unraisable.err_msg or ''}")
    sys.__unraisablehook__(unraisable)
