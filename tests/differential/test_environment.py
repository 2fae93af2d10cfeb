"""The client, httpx and curl over one table of environments and servers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from .contest import Contest, contest
from .document import PAGE, document
from .rows import GROUPS, Row
from .servers import PATIENCE, Origin

_KNOWN_CURL = "curl 7.88."
"""The version of curl that the table tells of (Debian 12); another may differ in other rows."""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contest]:
    with contest(tmp_path_factory.mktemp("differential")) as started:
        yield started


@pytest.fixture(scope="module")
def others() -> list[str]:
    """The peers beside the client that this machine has."""
    curl = shutil.which("curl")
    if curl is None:
        return ["httpx"]
    told = subprocess.run([curl, "--version"], capture_output=True, text=True, check=True).stdout
    return ["httpx", "curl"] if told.startswith(_KNOWN_CURL) else ["httpx"]


def unexpected(held: Contest, row: Row, others: list[str]) -> list[str]:
    """What is not as the table says, and is not so either when the servers wait for longer."""
    expected = dict.fromkeys(["ours", "ours, async"], row.ours)
    for peer in others:
        expected[peer] = row.differs.get(peer, (row.ours, ""))[0]
    wrong: list[str] = []
    for peer, said in expected.items():
        if held.outcome(peer, row) != said:
            with patch.object(Origin, "patience", 5 * PATIENCE):
                found = held.outcome(peer, row)
            if found != said:
                wrong.append(f"{row.name}: {peer}: {found!r}, not {said!r}")
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_everybody_does_what_the_table_says(held: Contest, others: list[str], group: str) -> None:
    rows = [row for row in GROUPS[group] if held.can(row)]
    assert rows
    assert [words for row in rows for words in unexpected(held, row, others)] == []


def test_every_difference_is_one_and_has_its_reason() -> None:
    for row in (row for rows in GROUPS.values() for row in rows):
        assert set(row.differs) <= {"httpx", "curl"}
        for outcome, reason in row.differs.values():
            assert outcome != row.ours, row.name
            assert len(reason) > 10, row.name


def test_no_row_stands_twice() -> None:
    names = [row.name for rows in GROUPS.values() for row in rows]
    assert len(names) == len(set(names))


def test_the_document_is_generated_from_the_table() -> None:
    assert Path(PAGE).read_text() == document(), "run: make generate"
