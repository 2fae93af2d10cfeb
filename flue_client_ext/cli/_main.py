"""The entry point: runs a command, and turns what it raises into a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ._codes import EXECUTION_FAILED, FAILED, INTERRUPTED, SIGNALLED
from ._commands import LOCAL
from ._out import note, prepare
from ._termination import terminable, terminated

if TYPE_CHECKING:
    import click

PROGRAM = "flue-client"
#: What the extra `cli` installs, by the name of the module.
_EXTRA = ("click", "prompt_toolkit", "rich")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments and any(arguments[0] == entry.name for entry in LOCAL):
            from ..testing import _cli

            return _cli.main(arguments)
        prepare()
        from ._group import group
    except ModuleNotFoundError as error:
        return _missing(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return _run(group, arguments)


def _run(group: click.Group, arguments: list[str]) -> int:
    import click

    try:
        with terminable():
            code = group.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.UsageError as error:
        return _misused(error)
    except (click.Abort, KeyboardInterrupt) as error:
        number = terminated()
        with suppress(OSError):  # the terminal may be gone
            _tell("terminated" if number else "interrupted", error.__cause__ or error)
        return SIGNALLED + number if number else INTERRUPTED
    except click.ClickException as error:
        _tell(error.format_message(), error)
        return FAILED
    except ModuleNotFoundError as error:
        return _missing(error)
    except Exception as error:
        return _failed(error)
    return code if isinstance(code, int) else 0


def _failed(error: Exception) -> int:
    """Say in a line what has failed; what nobody expects keeps its traceback."""
    from ..errors import FlueError, FlueExecutionError
    from ._diagnosis import DOCTOR, is_in_the_way

    if not isinstance(error, FlueError | OSError | ValueError):
        raise error
    _tell(str(error), error)
    if is_in_the_way(error):
        note(DOCTOR)
    return EXECUTION_FAILED if isinstance(error, FlueExecutionError) else FAILED


def _tell(words: str, error: BaseException) -> None:
    """Print the message, and the notes that a command has added: how to go on."""
    note(f"{PROGRAM}: {words}")
    for line in getattr(error, "__notes__", ()):
        note(line)


def _misused(error: click.UsageError) -> int:
    if error.ctx is not None:
        note(f"{error.ctx.command_path}: {error.format_message()}")
        note(f"See {error.ctx.command_path} --help")
    else:
        note(f"{PROGRAM}: {error.format_message()}")
    return FAILED


def _missing(error: ModuleNotFoundError) -> int:
    if (error.name or "").partition(".")[0] not in _EXTRA:
        raise error
    note(
        f"{PROGRAM}: this command needs the package {error.name}, of the extra `cli`:"
        ' pip install ".[cli]" in a checkout; once published: pip install "flue-client[cli]"'
    )
    return FAILED
