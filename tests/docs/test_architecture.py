"""docs/ARCHITECTURE.md names files that exist, and says each thing once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
BASES = (ROOT, ROOT / "flue_client_ext")
NAME = re.compile(r"`([\w/*]+\.(?:py|yaml|md))`")


def rows() -> list[list[str]]:
    """The cells of each row of a table."""
    return [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]


def passages() -> Iterator[str]:
    yield from (cell for row in rows() for cell in row)
    yield from (part for part in TEXT.split("\n\n") if not part.startswith("|"))


def missing(passage: str) -> list[str]:
    """The names that lead nowhere. A bare one may be that of a file beside the one before it."""
    lost: list[str] = []
    places = [*BASES]
    for name in NAME.findall(passage):
        found = next((place for place in places if any(place.glob(name))), None)
        if found is None:
            lost.append(name)
        else:
            places = [*BASES, (found / name).parent]
    return lost


def test_every_file_that_is_named_exists() -> None:
    assert len(NAME.findall(TEXT)) > 50
    assert [name for passage in passages() for name in missing(passage)] == []


def test_a_name_that_leads_nowhere_is_found() -> None:
    assert missing("`_stream/budget.py`, `patience.py`, `pool.py`") == ["pool.py"]
    assert missing("`patience.py`") == ["patience.py"]


def test_no_two_rows_are_about_the_same() -> None:
    subjects = [row[0] for row in rows() if row[0] not in ("package", "word", "what")]
    assert len(subjects) > 30
    assert sorted(set(subjects)) == sorted(subjects)
