"""Generated and hostile input: nothing but documented errors, in linear time.

A find is mended where it belongs and has a test of its own there; `fuzzing` has the generators."""

from __future__ import annotations

from .fuzzing import (
    coverage,
    event_streams,
    http_responses,
    json_readers,
    linear,
    machines,
    spoilt_bytes,
)
from .fuzzing.targets import TARGETS
from .options import Options

_SECONDS = 15
"""For which atheris looks for inputs of one target."""


def experiment(options: Options) -> str:
    seed = options.seed
    if options.quick:
        return _list(
            event_streams.run(seed, 1_500),
            http_responses.run(seed, 1_500),
            json_readers.run(seed, 60),
            spoilt_bytes.run(seed, 150),
            linear.read_all(),
        )
    parts = [
        event_streams.run(seed, 100_000),
        http_responses.run(seed, 100_000),
        json_readers.run(seed, 2_000),
        spoilt_bytes.run(seed, 10_000),
        machines.run(3),
    ]
    return "\n\n".join([_list(*parts), _guided(seed), linear.table(linear.run())])


def _guided(seed: int) -> str:
    """What atheris has tried."""
    try:
        rows = [(name, coverage.run(name, _SECONDS, seed)) for name in TARGETS]
    except coverage.Unavailable as reason:
        return f"Guided by coverage: not here ({reason})."
    told = "; ".join(f"{name}: {seen}" for name, seen in rows)
    return f"Guided by coverage (atheris), {_SECONDS} s each, no crash: {told}."


def _list(*parts: str) -> str:
    return "\n".join(f"- {part}." for part in parts)
