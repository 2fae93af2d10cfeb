"""What a blocking and an async module written by hand may have in common: no run of six lines.

A rule that both need stands in a module without I/O that both import."""

from __future__ import annotations

from pathlib import Path

import pytest

import flue_client_ext

ROOT = Path(flue_client_ext.__file__).parent
LONGEST = 5


def pairs() -> list[str]:
    """The blocking modules that have an async twin beside them."""
    found = sorted(
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("*/sync_*.py")
        if path.with_name(f"a{path.name}").exists()
    )
    assert {"_http/sync_channel.py", "_http/sync_socket.py", "_drivers/sync_many.py"} < {*found}
    return found


def lines(text: str) -> list[str]:
    """The stripped lines that say something; imports, which both have of necessity, do not."""
    kept: list[str] = []
    in_import = False
    for line in map(str.strip, text.splitlines()):
        begins = line.startswith(("import ", "from "))
        if line and not begins and not in_import:
            kept.append(line)
        in_import = (in_import or (begins and line.endswith("("))) and not line.startswith(")")
    return kept


def shared_runs(first: str, second: str, least: int) -> list[list[str]]:
    """The runs of at least `least` equal lines, each as long as it is."""
    one, other = lines(first), lines(second)
    runs: list[list[str]] = []
    lengths = [0] * (len(other) + 1)
    for at, line in enumerate(one):
        longer = [0] * (len(other) + 1)
        for place, candidate in enumerate(other):
            if line == candidate:
                length = longer[place + 1] = lengths[place] + 1
                goes_on = one[at + 1 : at + 2] == other[place + 1 : place + 2] != []
                if length >= least and not goes_on:
                    runs.append(one[at + 1 - length : at + 1])
        lengths = longer
    return runs


@pytest.mark.parametrize("name", pairs())
def test_a_blocking_and_an_async_module_share_no_run_of_lines(name: str) -> None:
    path = ROOT / name
    twin = path.with_name(f"a{path.name}")
    assert shared_runs(path.read_text(), twin.read_text(), LONGEST + 1) == []


COMMON = [f"step({number})" for number in range(6)]


def test_a_run_is_found_whatever_its_indentation_and_blank_lines() -> None:
    first = "\n".join(["start()", *COMMON, "end()"])
    second = "\n\n".join(["begin()", *(f"    {line}" for line in COMMON)])
    assert shared_runs(first, second, 6) == [COMMON]
    assert shared_runs(first, second, 7) == []


def test_a_different_line_ends_a_run() -> None:
    second = [*COMMON[:3], "await step()", *COMMON[3:]]
    assert shared_runs("\n".join(COMMON), "\n".join(second), 4) == []


def test_imports_do_not_count() -> None:
    imports = "import a\nfrom b import (\n    c,\n    d,\n    e,\n    f,\n    g,\n)\nT = 1"
    assert lines(imports) == ["T = 1"]
