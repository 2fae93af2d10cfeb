"""The fault matrix: each call under each fault, in each world, over both kinds of connections.

Each cell is declared in `matrix.listed`, run, and compared. It may not hang, lose, repeat, execute
twice, nor leave a thread, a socket or a task behind. `quick` is the part that the tests run."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, product

from tests.worlds import NAMES

from .matrix.calls import CALLS
from .matrix.cell import Cell, Channel
from .matrix.faults import NONE
from .matrix.lasting import BY_NAME
from .matrix.listed import RESTARTS
from .matrix.table import tables
from .options import Broken, Options

CHANNELS: tuple[Channel, ...] = ("own", "httpx")
CIRCUMSTANCES = tuple(product(NAMES, CHANNELS))
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


def cells(fault_name: str, *, quick: bool) -> Iterator[Cell]:
    """The cells of a fault: all, or each call once, in one mode, world and channel in turns."""
    place = list(BY_NAME).index(fault_name)
    columns = list(dict.fromkeys(call.column for call in CALLS))
    for call in CALLS:
        turn = place + columns.index(call.column)
        modes = [each for each in CALLS if each.column == call.column]
        if not quick:
            chosen = CIRCUMSTANCES
        elif call is modes[turn % len(modes)]:
            chosen = CIRCUMSTANCES[turn % len(CIRCUMSTANCES) :][:1]
        else:
            continue
        for world, channel in chosen:
            yield Cell(BY_NAME[fault_name], call, world, channel)


def genuine_cells() -> Iterator[Cell]:
    """Some calls while a genuine server restarts, with its store and without."""
    calls = {call.name: call for call in CALLS}
    circumstances = cycle(CIRCUMSTANCES)
    for fault, name in product(RESTARTS, ON_GENUINE):
        yield Cell(BY_NAME[fault], calls[name], *next(circumstances), genuine=True)


def run(name: str, world: str, quick: bool) -> tuple[list[Seen], list[str]]:
    """Run the cells of a fault in a world; return what was seen, and what was not as declared."""
    these = genuine_cells() if name == GENUINE else cells(name, quick=quick)
    return _run(cell for cell in these if cell.world == world)


def _run(these: Iterable[Cell]) -> tuple[list[Seen], list[str]]:
    seen: list[Seen] = []
    broken: list[str] = []
    for cell in these:
        try:
            outcome = cell.check()
        except Broken as error:
            broken.append(str(error))
        else:
            call = cell.call
            seen.append((call.column, call.mode, cell.world, cell.channel, outcome))
    return seen, broken


def experiment(options: Options) -> str:
    """Run the matrix in as many processes as there are processors, and one more."""
    names = [*BY_NAME, *(() if options.quick else (GENUINE,))]
    spawning = multiprocessing.get_context("spawn")
    outcomes: dict[tuple[str, str], dict[tuple[str, str, str], str]] = defaultdict(dict)
    counts = Counter[str]()
    wrong: list[str] = []
    with ProcessPoolExecutor((os.cpu_count() or 1) + 1, mp_context=spawning) as pool:
        tasks = [(*task, options.quick) for task in product(names, NAMES)]
        found = pool.map(run, *zip(*tasks, strict=True))
        for (name, *_), (seen, broken) in zip(tasks, found, strict=True):
            wrong += broken
            counts[name] += sum(outcome != NONE for *_, outcome in seen)
            for column, mode, world, channel, outcome in seen:
                outcomes[name, column][mode, world, channel] = outcome
    if wrong:
        raise Broken("\n".join(["cells that are not as declared:", *wrong]))
    genuine = counts.pop(GENUINE, 0)
    said = f"{sum(counts.values())} cells, each as declared"
    said += f"; and {genuine} of the restarts on genuine servers" if genuine else ""
    return f"{said}.\n\n{tables(outcomes)}"
