"""openapi.yaml as data: finding what it says about an answer, and validators for its schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "openapi.yaml"


@cache
def document(generation: str | None = None) -> dict[str, Any]:
    """The document, or what of it is true of the servers of one generation."""
    if generation is None:
        return dict(YAML(typ="safe").load(SPEC))
    return dict(_of_generation(document(), generation))


def _of_generation(node: Any, generation: str) -> Any:
    """A part of the document without what other generations have (`x-generations`), and with what
    this one always sends as required (`x-required-in`)."""
    if isinstance(node, list):
        return [_of_generation(item, generation) for item in node if _is_of(item, generation)]
    if not isinstance(node, dict):
        return node
    kept = {
        name: _of_generation(value, generation)
        for name, value in node.items()
        if _is_of(value, generation)
    }
    if isinstance(kept.get("properties"), dict):
        always = [
            name
            for name, rule in kept["properties"].items()
            if generation in rule.get("x-required-in", ())
        ]
        named = [name for name in kept.get("required", []) if name in kept["properties"]]
        kept["required"] = [*named, *always]
    return kept


def _is_of(node: Any, generation: str) -> bool:
    if not isinstance(node, dict):
        return True
    return generation in resolve(node).get("x-generations", (generation,))


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to another place of the document."""
    while "$ref" in node:
        target: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def operation(method: str, path: str) -> dict[str, Any]:
    """The operation; for a method that the path does not have, another of its operations.

    Those that are not described are refused, in the same way by all paths.
    """
    operations = document()["paths"][path]
    return dict(operations.get(method.lower()) or next(iter(operations.values())))


def response(
    method: str, path: str, status: int, generation: str | None = None
) -> dict[str, Any] | None:
    """What the document promises for a status; None if it falls to `default`.

    An operation that the generation does not have answers 404, as it does for others.
    """
    described = operation(method, path)
    responses = described["responses"]
    if generation is not None and not _is_of(described, generation) and status != 404:
        return None
    found = responses.get(str(status))
    if found is None or (generation is not None and not _is_of(found, generation)):
        return None
    promised = resolve(found)
    return promised if generation is None else dict(_of_generation(promised, generation))


UNIONS = ("FlueEvent", "ConversationChunk", "ConversationPart")
"""The schemas whose members are told apart by `type`."""


def members(union: str) -> list[str]:
    one_of = document()["components"]["schemas"][union]["oneOf"]
    return [member["$ref"].rpartition("/")[2] for member in one_of]


@cache
def kinds(union: str) -> dict[str, str]:
    """The schema's name for each type that the document knows; `data-` is the prefix of many."""
    names: dict[str, str] = {}
    for name in members(union):
        schema = document()["components"]["schemas"][name]
        for part in [schema, *schema.get("allOf", [])]:
            rule = part.get("properties", {}).get("type", {})
            wire_type = rule.get("const") or rule.get("pattern", "").removeprefix("^")
            if wire_type:
                names[wire_type] = name
    return names


def member(union: str, value: Any) -> str:
    """The name of the schema that a value has by its type."""
    wire_type = value.get("type") if isinstance(value, dict) else None
    for kind, name in kinds(union).items():
        prefixed = kind.endswith("-") and isinstance(wire_type, str)
        if wire_type == kind or (prefixed and str(wire_type).startswith(kind)):
            return name
    return next(name for name in members(union) if name.startswith("Unknown"))


def frame_schemas(frame: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schema of the payload for each name that a frame of an event stream may have."""
    kinds = [kind["properties"] for kind in frame["oneOf"]]
    return {
        kind["event"]["const"]: kind["data"]["contentSchema"]
        for kind in kinds
        if "const" in kind["event"]
    }


@cache
def named_validator(name: str, generation: str | None = None) -> jsonschema_rs.Validator:
    return validator({"$ref": f"#/components/schemas/{name}"}, generation)


def validator(schema: dict[str, Any], generation: str | None = None) -> jsonschema_rs.Validator:
    """A validator for a schema of the document, references and formats included."""
    return _validator(json.dumps(schema), generation)


@cache
def _validator(schema: str, generation: str | None) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": document(generation)["components"],
            "allOf": [json.loads(schema)],
        },
        validate_formats=True,
    )
