"""The matrix as tables: a row a fault, a column a call. What differs is named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from .calls import CONVERSATIONS, RUNS
from .faults import NONE, RESUMED, Fault
from .lasting import LASTING
from .listed import FAULTS

Circumstances = tuple[str, str, str]
"""A mode, a world and a channel."""
Outcomes = Mapping[tuple[str, str], Mapping[Circumstances, str]]
"""What was seen of a fault and a column."""


def tables(outcomes: Outcomes) -> str:
    """Return both tables, and the notes on what may surprise."""
    parts: list[str] = []
    for faults in (FAULTS, LASTING):
        parts += [_table(outcomes, faults, columns) for columns in (RUNS, CONVERSATIONS)]
    return "\n\n".join([*parts, notes()])


def notes() -> str:
    """What may surprise, with the faults that it is about."""
    names: dict[str, list[str]] = defaultdict(list)
    for fault in (*FAULTS, *LASTING):
        if fault.why:
            names[fault.why].append(fault.name)
    return "\n".join(f"- {'; '.join(these)}: {why}" for why, these in names.items())


def _table(outcomes: Outcomes, faults: Iterable[Fault], columns: tuple[str, ...]) -> str:
    lines = [_row(["fault", *columns]), _row(["---"] * (len(columns) + 1))]
    for fault in faults:
        cells = [folded(outcomes.get((fault.name, column), {})) for column in columns]
        lines.append(_row([fault.name, *cells]))
    return "\n".join(lines)


def folded(seen: Mapping[Circumstances, str]) -> str:
    """Return the outcome in most circumstances, then the others with what they have in common."""
    if not seen:
        return NONE
    (usual, _), *others = Counter(seen.values()).most_common()
    parts = [_shown(usual)]
    for other, _ in others:
        where = [circumstances for circumstances in seen if seen[circumstances] == other]
        parts.append(f"{_shown(other)} ({_named(where, seen)})")
    return "; ".join(parts)


def _named(where: list[Circumstances], seen: Iterable[Circumstances]) -> str:
    """Name circumstances by those of their three parts that not all have."""
    names: list[str] = []
    for index in range(3):
        all_of_them = {each[index] for each in seen}
        these = dict.fromkeys(each[index] for each in where)
        if set(these) != all_of_them:
            names.append(", ".join(these))
    return "; ".join(names)


def _shown(outcome: str) -> str:
    return outcome if outcome in (RESUMED, NONE) or outcome.islower() else f"`{outcome}`"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
