"""How to go on with what goes on at the server when a command is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from ..errors import FlueConnectionError

_LEAVING = (KeyboardInterrupt, FlueConnectionError)


@contextmanager
def going_on(
    words: Callable[[BaseException], str],
    *errors: type[BaseException],
) -> Generator[None]:
    """Add `words(error)` to a Ctrl-C and to the loss of the server, or to `errors` only: `main`
    prints them below its message. Nothing is added where there are no words."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, errors or _LEAVING) and (said := words(error)):
            error.add_note(said)
        raise
