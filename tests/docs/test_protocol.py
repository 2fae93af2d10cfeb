"""docs/PROTOCOL.md cites tests that exist, and is cited by sections that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "PROTOCOL.md").read_text()
SECTIONS = {title.lower() for title in re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE)}
CITED = sorted(set(re.findall(r"`(tests/[^`:]+)::([^`]+)`", TEXT)))
CITING = ("flue_client_ext", "tests", "generator", "benchmarks", "examples")
BETWEEN = r"[\s#]+"
"""A citation may go on in the next line of a comment."""


def citations() -> Iterator[tuple[str, str]]:
    """Each citation of a section in the code, with its file."""
    for folder in CITING:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" in path.parts or path == Path(__file__):
                continue
            for found in re.findall(
                rf"PROTOCOL,{BETWEEN}([A-Za-z -]+(?:{BETWEEN}[a-z]+)*)", path.read_text()
            ):
                yield str(path.relative_to(ROOT)), re.sub(BETWEEN, " ", found).strip().lower()


def test_every_test_that_is_cited_exists() -> None:
    assert len(CITED) > 80
    for path, name in CITED:
        definitions = re.findall(
            r"^(?:async )?def (test_\w+)", (ROOT / path).read_text(), re.MULTILINE
        )
        assert name in definitions, f"{path}::{name}"


def test_no_section_but_a_list_of_contents_or_of_gaps_is_without_evidence() -> None:
    sections = re.split(r"^##+ ", TEXT, flags=re.MULTILINE)[1:]
    bare = {text.partition("\n")[0] for text in sections if "::test_" not in text}
    assert bare == {"Never seen", "What this client promises"}


def test_every_section_that_the_code_cites_exists() -> None:
    cited = list(citations())
    assert {path for path, _ in cited} >= {"flue_client_ext/_stream/page.py"}
    for path, title in cited:
        assert any(title == name or title.startswith(f"{name} ") for name in SECTIONS), (
            path,
            title,
        )


def test_every_link_within_the_page_leads_somewhere() -> None:
    anchors = {title.replace(" ", "-") for title in SECTIONS}
    assert set(re.findall(r"\]\(#([a-z-]+)\)", TEXT)) <= anchors


def test_the_table_of_events_is_that_of_the_contract() -> None:
    yaml: Any = pytest.importorskip("ruamel.yaml").YAML(typ="safe")
    schemas = yaml.load((ROOT / "openapi.yaml").read_text())["components"]["schemas"]
    common = set(schemas["EventBase"]["properties"])
    contract: dict[str, set[str]] = {}
    for name, schema in schemas.items():
        if name.endswith("Event") and name not in {"FlueEvent", "UnknownEvent"}:
            own = schema["allOf"][1]
            kind = own["properties"].pop("type")["const"]
            optional = own["properties"].keys() - set(own["required"])
            contract[kind] = {
                f"{each}?" if each in optional else each for each in own["properties"]
            }
    events = TEXT.partition("## Events")[2].partition("\n## ")[0]
    page: dict[str, set[str]] = {}
    for kinds, fields in re.findall(r"^\| (`.+?`) \|(.*)\|$", events, re.MULTILINE):
        if kinds != "`type`":
            page |= {
                kind: set(re.findall(r"`(.+?)`", fields)) for kind in re.findall(r"`(.+?)`", kinds)
            }
    assert page.keys() == contract.keys()
    for kind, fields in page.items():
        assert fields - common == contract[kind] - common, kind
