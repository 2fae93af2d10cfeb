"""openapi.yaml as data: finding what it says about an answer, and validators for its schemas."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "openapi.yaml"


@cache
def document() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(SPEC))


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to another place of the document."""
    while "$ref" in node:
        target: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def operation(method: str, path: str) -> dict[str, Any]:
    return dict(document()["paths"][path][method.lower()])


def response(method: str, path: str, status: int) -> dict[str, Any] | None:
    """What the document promises for a status; None if it falls to `default`."""
    responses = operation(method, path)["responses"]
    return resolve(responses[str(status)]) if str(status) in responses else None


@cache
def event_schemas() -> dict[str, str]:
    """The schema's name for each event type that the document knows."""
    names: dict[str, str] = {}
    for name, schema in document()["components"]["schemas"].items():
        for part in schema.get("allOf", []):
            wire_type = part.get("properties", {}).get("type", {}).get("const")
            if wire_type is not None:
                names[wire_type] = name
    return names


def frame_schemas(frame: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schema of the payload for each name that a frame of an event stream may have."""
    kinds = [kind["properties"] for kind in frame["oneOf"]]
    return {
        kind["event"]["const"]: kind["data"]["contentSchema"]
        for kind in kinds
        if "const" in kind["event"]
    }


@cache
def named_validator(name: str) -> jsonschema_rs.Validator:
    return validator({"$ref": f"#/components/schemas/{name}"})


def validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """A validator for a schema of the document, references and formats included."""
    return jsonschema_rs.validator_for(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": document()["components"],
            "allOf": [schema],
        },
        validate_formats=True,
    )
