"""The options that commands share, and what they are turned into."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import attrs
import click

from .._stream.arguments import UNSET, LiveOption, Unset

if TYPE_CHECKING:
    from ..async_client import AsyncFlueClient
    from ..client import FlueClient

Body: TypeAlias = Callable[..., int | None]
Format: TypeAlias = Literal["pretty", "ndjson"]


@attrs.frozen
class Server:
    """Where requests go: `base_url` is `None` for that of the environment; `timeout` in seconds."""

    base_url: str | None
    headers: dict[str, str] = attrs.field(repr=False)
    timeout: float | None
    _began: float = attrs.field(factory=time.monotonic, init=False, repr=False)

    def remaining(self) -> float | None:
        """The seconds that are left of the deadline."""
        if self.timeout is None:
            return None
        return max(self.timeout - (time.monotonic() - self._began), 0.001)

    def client(self) -> FlueClient:
        from ..client import FlueClient

        return FlueClient(self._url(), headers=self.headers or None, timeout=self._limit())

    def async_client(self) -> AsyncFlueClient:
        from ..async_client import AsyncFlueClient

        return AsyncFlueClient(self._url(), headers=self.headers or None, timeout=self._limit())

    def _url(self) -> str:
        url = self.base_url or os.environ.get("FLUE_BASE_URL")
        if not url:
            given = "--server URL, or set FLUE_BASE_URL; `flue-client dev` serves one to try"
            raise click.ClickException(f"which server? Give {given}")
        return url

    def _limit(self) -> float | Unset:
        return UNSET if self.timeout is None else self.timeout

    def command(self, *words: str) -> str:
        """Return a command line for the same server, to be shown. Headers may be secret."""
        more = () if self.base_url is None else ("--server", self.base_url)
        hidden = " --header ..." if self.headers else ""
        return shlex.join(["flue-client", *words, *more]) + hidden


def server_options(body: Body, *, timeout: str = "Deadline of the whole command.") -> Body:
    """Add `--server`, `--header` and `--timeout` (its help: `timeout`), taken as `server`."""

    @click.option("--server", "base_url", metavar="URL", help="Base URL [FLUE_BASE_URL].")
    @click.option(
        "--header",
        "headers",
        metavar="'K: V'",
        multiple=True,
        callback=_headers,
        help="Send a header with each request; repeatable.",
    )
    @click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        help=timeout,
    )
    @wraps(body)
    def wrapped(
        base_url: str | None, headers: dict[str, str], timeout: float | None, **more: Any
    ) -> int | None:
        return body(server=Server(base_url, headers, timeout), **more)

    return wrapped


def input_option(body: Body) -> Body:
    """Add `--input`, which is `UNSET` when it is left out."""
    return click.option(
        "--input",
        "value",
        metavar="JSON|@FILE|-",
        callback=json_value,
        help="The workflow's input: JSON, a file that holds it, or - for stdin.",
    )(body)


def live_option(body: Body) -> Body:
    return click.option(
        "--live",
        type=click.Choice(["auto", "sse", "long-poll"]),
        default="auto",
        show_default=True,
        help="How to follow: auto is SSE, or long-poll where a proxy breaks it.",
    )(body)


def format_option(body: Body) -> Body:
    """Add `--format`; its default is `pretty` on a terminal, else `ndjson`."""
    return click.option(
        "--format",
        "format",
        type=click.Choice(["pretty", "ndjson"]),
        callback=_format,
        help="Lines for people, or one JSON object a line [pretty on a terminal, else ndjson].",
    )(body)


def start_options(body: Body) -> Body:
    """Add `--offset` and `--tail`."""
    offset = click.option(
        "--offset", metavar="OFFSET", help="Begin after this offset; now: with what comes."
    )
    tail = click.option(
        "--tail", metavar="N", type=click.IntRange(1), help="Begin with the latest N."
    )
    return offset(tail(body))


def quiet_option(body: Body) -> Body:
    return click.option("--quiet", "-q", is_flag=True, help="Show nothing but the result.")(body)


def resume_option(body: Body) -> Body:
    return click.option(
        "--resume",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Keep the position in FILE, and go on from there if it exists.",
    )(body)


def live_of(given: str) -> LiveOption:
    return cast(LiveOption, given)


def _headers(context: object, option: object, given: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for header in given:
        name, colon, value = header.partition(":")
        if not (colon and name.strip()):
            # The text may be a secret, such as a token without its name: it is not shown.
            raise click.BadParameter("a header is written 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers


def json_value(context: object, option: object, given: str | None) -> Any:
    """Return the JSON value of an option: its text, that of @FILE, or for `-` that of stdin."""
    if given is None:
        return UNSET
    text: str | bytes = given
    if given == "-":
        text = sys.stdin.buffer.read()
    elif given.startswith("@"):
        text = Path(given[1:]).read_bytes()
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"this is not JSON ({error}); a string has quotes") from None


def _format(context: object, option: object, given: Format | None) -> Format:
    return given or ("pretty" if sys.stdout.isatty() else "ndjson")
