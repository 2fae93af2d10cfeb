"""The fault matrix: each call under each fault, in each world, over each kind of connections.

Each cell is declared in `matrix.listed`, run, and compared. It may not hang, lose, repeat, execute
twice, nor leave a thread, a socket or a task behind. `quick` is the part that the tests run."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, product

from tests.worlds import NAMES

from . import unclosed
from .matrix.calls import CALLS, Call
from .matrix.cell import Cell
from .matrix.faults import NONE, Channel, Fault
from .matrix.lasting import BY_NAME
from .matrix.listed import RESTARTS
from .matrix.pace import FRACTIONS
from .matrix.table import tables
from .options import Broken, Options

PLAIN: tuple[Channel, ...] = ("own", "httpx")
OWN_TLS: Channel = "own TLS"
HTTPX_TLS: Channel = "httpx TLS"
CIRCUMSTANCES = tuple(product(NAMES, (*PLAIN, OWN_TLS)))
OVER_TLS = tuple(product(NAMES, (OWN_TLS, HTTPX_TLS)))
PROCESSES = 4
"""For each processor, in a whole run."""
SHARE = 0.4
"""Of the columns, under each fault in the tests."""
MODES: dict[str, list[Call]] = {}
for _call in CALLS:
    MODES.setdefault(_call.column, []).append(_call)
GENUINE = "restarts of genuine servers"
ON_GENUINE = (
    "stream, long-poll",
    "stream, sse",
    "ask: its stream, auto",
    "updates, long-poll",
    "updates, sse",
    "observe: its stream, auto",
)
Seen = tuple[str, str, str, str, str]
"""The column, the mode, the world, the channel and the outcome of a cell."""
Task = tuple[str, str, Channel, bool]
"""A fault, a world, a channel, and whether only the part of the tests is run."""


def cells(fault_name: str, *, quick: bool) -> Iterator[Cell]:
    """The cells of a fault: all, or those of the tests.

    What TLS does not change is tried over a user's httpx client and TLS in one world a call."""
    yield from (_part if quick else _whole)(BY_NAME[fault_name])


def _whole(fault: Fault) -> Iterator[Cell]:
    for number, call in enumerate(CALLS):
        for world, channel in OVER_TLS if fault.is_of_tls else CIRCUMSTANCES:
            yield Cell(fault, call, world, channel)
        if not fault.is_of_tls:
            yield Cell(fault, call, NAMES[number % len(NAMES)], HTTPX_TLS)


def _part(fault: Fault) -> Iterator[Cell]:
    """A part of the columns, fewer where the cells wait for long, each in one mode, world and
    channel: always the same ones, as if by chance."""
    for column, modes in MODES.items():
        chance = random.Random(f"{fault.name}, {column}")
        if chance.random() < (SHARE / 2 if fault.lowered else SHARE):
            world, channel = chance.choice(OVER_TLS if fault.is_of_tls else CIRCUMSTANCES)
            yield Cell(fault, chance.choice(modes), world, channel)


def genuine_cells() -> Iterator[Cell]:
    """Some calls while a genuine server restarts, with its store and without."""
    calls = {call.name: call for call in CALLS}
    circumstances = cycle(product(NAMES, PLAIN))
    for fault, name in product(RESTARTS, ON_GENUINE):
        yield Cell(BY_NAME[fault], calls[name], *next(circumstances), genuine=True)


def run(task: Task) -> tuple[list[Seen], list[str], list[str]]:
    """Run the cells of a fault in a world over a channel. Return what was seen, what was not as
    declared, and what was so for once only."""
    name, world, channel, quick = task
    seen: list[Seen] = []
    broken: list[str] = []
    again: list[str] = []
    for cell in genuine_cells() if name == GENUINE else cells(name, quick=quick):
        if (cell.world, cell.channel) == (world, channel):
            try:
                outcome = checked(cell, again)
            except Broken as error:
                broken.append(str(error))
            else:
                seen.append((cell.call.column, cell.call.mode, world, channel, outcome))
    try:
        unclosed.check()
    except Broken as error:
        broken.append(f"{name}, {world}, {channel}: {error}")
    return seen, broken, again


def checked(cell: Cell, again: list[str]) -> str:
    """Check a cell. Where limits of time are lowered, a machine that is busy for a moment is like
    a silent peer to it: what is seen must be seen again, with longer limits in the end, and `again`
    gets what was not."""
    *before, longest = FRACTIONS if cell.fault.waits else FRACTIONS[:1]
    for fraction in before:
        try:
            return cell.check(fraction)
        except Broken as error:
            again.append(str(error))
    return cell.check(longest)


def experiment(options: Options) -> str:
    """Run the matrix in more processes than there are processors: most cells wait. Those with
    lowered limits of time come first, before others keep the processors busy."""
    outcomes: dict[tuple[str, str], dict[tuple[str, str, str], str]] = defaultdict(dict)
    counts = Counter[str]()
    wrong: list[str] = []
    repeated: list[str] = []
    spawning = multiprocessing.get_context("spawn")
    count = PROCESSES * (os.cpu_count() or 1)
    with ProcessPoolExecutor(count, spawning, initializer=unclosed.watch) as pool:
        for tasks in _tasks(options.quick):
            for (name, *_), (seen, broken, again) in zip(tasks, pool.map(run, tasks), strict=True):
                wrong += broken
                repeated += again
                counts[name] += sum(outcome != NONE for *_, outcome in seen)
                for column, mode, world, channel, outcome in seen:
                    outcomes[name, column][mode, world, channel] = outcome
    if wrong:
        raise Broken("\n".join(["cells that are not as declared:", *wrong]))
    print("\n".join(["seen once, and not again:", *repeated]) if repeated else "", flush=True)
    genuine = counts.pop(GENUINE, 0)
    said = f"{sum(counts.values()):,} cells, each as declared"
    said += f" ({len(repeated)} failures were not seen again)" if repeated else ""
    said += f"; and {genuine} of the restarts on genuine servers" if genuine else ""
    return f"{said}.\n\n{tables(outcomes)}"


def _tasks(quick: bool) -> Iterator[list[Task]]:
    """The tasks whose cells wait for limits of time, and all others."""
    circumstances = [*CIRCUMSTANCES, *((world, HTTPX_TLS) for world in NAMES)]
    waiting = [name for name, fault in BY_NAME.items() if fault.waits]
    others = [*(name for name in BY_NAME if name not in waiting), *(() if quick else (GENUINE,))]
    for names in (waiting, others):
        yield [(name, *each, quick) for name, each in product(names, circumstances)]
