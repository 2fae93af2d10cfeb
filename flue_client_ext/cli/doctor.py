"""`flue-client doctor`."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from ._codes import FAILED
from ._options import Server, server_options
from ._out import print_json, print_text

if TYPE_CHECKING:
    from ..doctor import Report

_TIMEOUT = 10.0
"""Seconds for each request."""
_COLUMN = 9
"""The width of the level, in front of the words."""
_MOST_COLUMNS = 100
_FEWEST_COLUMNS = 40


@click.command()
@click.option("--run", "run_id", metavar="RUN", help="Read this run and open its stream.")
@click.option("--agent", metavar="AGENT", help="Ask for this agent.")
@click.option(
    "--conversation",
    "conversation_id",
    metavar="ID",
    help="Open the stream of this conversation of the agent.",
)
@click.option("--path", metavar="PATH", help="Where the conversation is, if not by the convention.")
@click.option(
    "--watch",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    help="How long to watch an open stream.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@partial(server_options, timeout="Deadline of each request [10].")
def command(
    server: Server,
    run_id: str | None,
    agent: str | None,
    conversation_id: str | None,
    path: str | None,
    watch: float,
    as_json: bool,
) -> int:
    """Say what is wrong on the way to a server, and what to do.

    Sends reads only: nothing is started or changed. The exit code is 0 if nothing is wrong,
    else 1.
    """
    from ..doctor import diagnose

    report = diagnose(
        server.base_url,
        headers=server.headers or None,
        run_id=run_id,
        agent=agent,
        conversation_id=conversation_id,
        path=path,
        timeout=server.timeout or _TIMEOUT,
        watch=watch,
    )
    if as_json:
        print_json(report.to_dict())
    else:
        columns = max(min(shutil.get_terminal_size().columns, _MOST_COLUMNS), _FEWEST_COLUMNS)
        print_text("\n".join(_lines(report, columns)))
    return 0 if report.healthy else FAILED


def _lines(report: Report, columns: int) -> Iterator[str]:
    for finding in report.findings:
        code = "" if finding.level == "info" else f" [{finding.code}]"
        yield from _wrapped(f"{finding.level:{_COLUMN}}", finding.words + code, columns)
        if finding.advice:
            yield from _wrapped(" " * _COLUMN + "> ", finding.advice, columns)
    yield ""
    yield _summary(Counter(finding.level for finding in report.findings))


def _wrapped(first: str, text: str, columns: int) -> list[str]:
    """Wrap at blanks alone: an address or a path is copied in one piece."""
    return textwrap.wrap(
        text,
        columns,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(counts: Counter[str]) -> str:
    kinds = [(level, counts[level]) for level in ("error", "warning") if counts[level]]
    wrong = [f"{count} {level}{'s' if count > 1 else ''}" for level, count in kinds]
    return f"{' and '.join(wrong)}." if wrong else "Nothing is wrong."
