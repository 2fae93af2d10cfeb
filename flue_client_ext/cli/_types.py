"""The option `--types`: which events or updates are shown."""

from __future__ import annotations

from difflib import get_close_matches

import click

from ._options import Body
from ._out import note


def types_option(body: Body) -> Body:
    return click.option(
        "--types",
        metavar="A,B",
        callback=_names,
        help="Print only these types.",
    )(body)


def _names(context: object, option: object, given: str | None) -> frozenset[str] | None:
    if given is None:
        return None
    names = frozenset(name.strip() for name in given.split(",") if name.strip())
    for name in sorted(names):
        _warn(name)
    return names


def _warn(name: str) -> None:
    """Say that a type is not known. It is no error: a newer server may have it."""
    from flue_client.models import CHUNK_TYPES, EVENT_TYPES

    known = (*EVENT_TYPES, *CHUNK_TYPES)
    if name in known:
        return
    near = get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    note(f"flue-client: no event or update of the type {name!r} is known{hint}")
