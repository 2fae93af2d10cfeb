"""The matrix as tables: a row a fault, a column a call. What differs is named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .calls import CONVERSATIONS, RUNS
from .faults import NONE, RESUMED, Fault
from .lasting import FOR_GOOD, LASTING, TLS_LASTING
from .listed import FAULTS
from .listed_tls import TLS_FAULTS

Circumstances = tuple[str, str, str]
"""A mode, a world and a channel."""
TABLES: tuple[tuple[str, Sequence[Fault], tuple[str, ...]], ...] = (
    ("Runs", FAULTS, RUNS),
    ("Conversations", FAULTS, CONVERSATIONS),
    ("Runs, where the fault does not pass", LASTING, RUNS),
    ("Conversations, where the fault does not pass", LASTING, CONVERSATIONS),
    ("TLS", (*TLS_FAULTS, *TLS_LASTING), (*RUNS, *CONVERSATIONS)),
)
Outcomes = Mapping[tuple[str, str], Mapping[Circumstances, str]]
"""What was seen of a fault and a column."""


def tables(outcomes: Outcomes) -> str:
    """Return the tables, and the notes on what may surprise."""
    parts: list[str] = []
    for title, faults, columns in TABLES:
        parts += [f"**{title}**", _table(outcomes, faults, columns)]
    return "\n\n".join([*parts, notes()])


def notes() -> str:
    """What may surprise, with the faults that it is about."""
    names: dict[str, list[str]] = defaultdict(list)
    for fault in (*FAULTS, *LASTING, *TLS_FAULTS, *TLS_LASTING):
        if fault.why:
            names[fault.why].append(fault.name)
    return "\n".join(f"- {'; '.join(these)}: {why}" for why, these in names.items())


def _table(outcomes: Outcomes, faults: Sequence[Fault], columns: tuple[str, ...]) -> str:
    """Return a table in which equal columns are one, and equal rows are one."""
    by_column = {
        column: tuple(folded(outcomes.get((fault.name, column), {})) for fault in faults)
        for column in columns
    }
    shown = _grouped(by_column)
    rows = dict(zip((fault.name for fault in faults), zip(*shown, strict=True), strict=True))
    heads = ["every call"] if len(shown) == 1 else ["; ".join(names) for names in shown.values()]
    lines = [_row(["fault", *heads]), _row(["---"] * (len(heads) + 1))]
    lines += [_row([_joined(names), *cells]) for cells, names in _grouped(rows).items()]
    return "\n".join(lines)


def _joined(names: list[str]) -> str:
    """Names of faults, and once what they have in common."""
    if len(names) > 1 and all(name.endswith(FOR_GOOD) for name in names):
        return f"for good: {'; '.join(name.removesuffix(FOR_GOOD) for name in names)}"
    return "; ".join(names)


def _grouped(lines: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, ...], list[str]]:
    """Return the names of those that are equal, by what they say."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, line in lines.items():
        groups[line].append(name)
    return groups


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
