"""A new chunk or part is one schema, one line in its union and one in the exclusions, no more."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.contract_spec.document import ROOT, document
from tests.contract_spec.test_generation import generate, used

USE_THEM = """
from typing import assert_type
from flue_client.models import (
    ConversationChunk, ConversationMessage, ConversationPart, MetricPart, PaperJamChunk, TextPart,
    parse_chunk, parse_part,
)

chunk: ConversationChunk = parse_chunk({"type": "paper-jam", "trayName": "A4", "parts": [{}]})
assert chunk.type == "paper-jam"
assert_type(chunk, PaperJamChunk)
assert_type(chunk.parts, list[ConversationPart] | None)
assert chunk.tray_name == "A4"
assert [part.type for part in chunk.parts or []] == ["unknown"]
part: ConversationPart = parse_part({"type": "metric-speed", "value": 3})
assert part.type == "metric"
assert_type(part, MetricPart)
assert_type(part.name, str)
assert (part.name, part.wire_type, part.value) == ("speed", "metric-speed", 3)
data = parse_part({"type": "data-x", "data": 1})
assert data.type == "data" and data.name == "x"
"""


@pytest.fixture(scope="module")
def unions() -> ModuleType:
    """The generator's module."""
    path = ROOT / "generator" / "unions.py"
    spec = importlib.util.spec_from_file_location("unions", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def edited() -> dict[str, Any]:
    """The contract with a new chunk, and a new part whose type is a prefix."""
    spec = copy.deepcopy(document())
    schemas = spec["components"]["schemas"]
    own = {
        "required": ["type", "trayName"],
        "properties": {
            "type": {"const": "paper-jam"},
            "trayName": {"type": "string", "description": "Which tray."},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/ConversationPart"}},
        },
    }
    base = {"$ref": "#/components/schemas/ChunkBase"}
    schemas["PaperJamChunk"] = {"description": "A jam.", "allOf": [base, own]}
    excluded(schemas, "UnknownChunk")["enum"].append("paper-jam")
    schemas["MetricPart"] = {
        "type": "object",
        "description": "A measurement.",
        "required": ["type", "value"],
        "properties": {"type": {"type": "string", "pattern": "^metric-"}, "value": {}},
    }
    excluded(schemas, "UnknownPart")["anyOf"].append({"pattern": "^metric-"})
    for union, member in (
        ("ConversationChunk", "PaperJamChunk"),
        ("ConversationPart", "MetricPart"),
    ):
        schemas[union]["oneOf"].insert(0, {"$ref": f"#/components/schemas/{member}"})
    return spec


def excluded(schemas: dict[str, Any], unknown: str) -> dict[str, Any]:
    schema = schemas[unknown]
    own = schema["allOf"][1] if "allOf" in schema else schema
    rule: dict[str, Any] = own["properties"]["type"]["not"]
    return rule


def test_a_new_chunk_and_a_new_part_need_nothing_but_the_spec(tmp_path: Path) -> None:
    spec = tmp_path / "openapi.json"
    spec.write_text(json.dumps(edited()))
    done = generate(f"--spec={spec}", f"--output={tmp_path / 'flue_client'}")
    assert done.returncode == 0, done.stdout + done.stderr
    script = tmp_path / "use_them.py"
    script.write_text(USE_THEM)
    used(script)
    used("-m", "mypy", "--strict", "--cache-dir", os.devnull, script)


def test_the_contract_has_no_half_added_member(unions: ModuleType) -> None:
    for spec in (document(), edited()):
        assert list(unions.half_added_members(spec["components"]["schemas"])) == []


@pytest.mark.parametrize(
    ("union", "member"),
    [("ConversationChunk", "PaperJamChunk"), ("ConversationPart", "MetricPart")],
)
def test_a_member_that_is_not_listed_is_a_problem(
    unions: ModuleType, union: str, member: str
) -> None:
    schemas = edited()["components"]["schemas"]
    del schemas[union]["oneOf"][0]
    (problem,) = unions.half_added_members(schemas)
    assert problem.startswith(f"{member} is not listed")
    assert union in problem


@pytest.mark.parametrize(
    ("unknown", "member", "options"),
    [("UnknownChunk", "PaperJamChunk", "enum"), ("UnknownPart", "MetricPart", "anyOf")],
)
def test_a_member_that_is_unknown_as_well_is_a_problem(
    unions: ModuleType, unknown: str, member: str, options: str
) -> None:
    schemas = edited()["components"]["schemas"]
    excluded(schemas, unknown)[options].pop()
    (problem,) = unions.half_added_members(schemas)
    assert member in problem
    assert unknown in problem


def test_a_member_without_a_type_is_a_problem(unions: ModuleType) -> None:
    schemas = edited()["components"]["schemas"]
    del schemas["MetricPart"]["properties"]["type"]["pattern"]
    (problem,) = unions.half_added_members(schemas)
    assert problem.startswith("MetricPart has no `type`")


def test_a_union_that_the_templates_do_not_know_is_an_error(tmp_path: Path) -> None:
    spec = copy.deepcopy(document())
    schemas = spec["components"]["schemas"]
    types = {"KnownFax": {"const": "known"}, "UnknownFax": {"not": {"enum": ["known"]}}}
    for name, rule in types.items():
        schemas[name] = {"type": "object", "required": ["type"], "properties": {"type": rule}}
    schemas["AnyFax"] = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in types]}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(spec))
    done = generate(f"--spec={path}", f"--output={tmp_path / 'flue_client'}")
    assert done.returncode == 1
    assert "AnyFax would be lost" in done.stderr
