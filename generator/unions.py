"""The unions of openapi.yaml whose members are told apart by `type`, and what is wrong with them.

Such a union has a member `UnknownX` for the types that it does not list; the names of all its
members end in X. A member says its type by a `const`, or by the pattern of a prefix (`^data-`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schemas = dict[str, Any]


def unions_of(schemas: Schemas) -> dict[str, set[str]]:
    """The members of each union that has an `Unknown` one."""
    unions = {
        name: {one.get("$ref", "").rpartition("/")[2] for one in schema["oneOf"]}
        for name, schema in schemas.items()
        if "oneOf" in schema
    }
    return {name: members for name, members in unions.items() if _unknown_of(members)}


def half_added_members(schemas: Schemas) -> Iterator[str]:
    """Yield the problem of each schema that is named like a member of a union and is none."""
    for union, members in unions_of(schemas).items():
        unknown = _unknown_of(members) or ""
        excluded = _excluded_by(schemas[unknown])
        suffix = unknown.removeprefix("Unknown")
        for name in sorted(schemas.keys() - {union, unknown}):
            wire_type = wire_type_of(schemas[name])
            if not name.endswith(suffix):
                continue
            if name not in members:
                yield f"{name} is not listed in the `oneOf` of {union}: streams would not know it"
            elif wire_type is None:
                yield f"{name} has no `type` with a `const`, nor has a part of its `allOf`"
            elif wire_type not in excluded:
                yield f"{wire_type}, the type of {name}, is not in the exclusions of {unknown}"


def wire_type_of(schema: dict[str, Any]) -> str | None:
    """The `const` that a schema gives its `type`, or the pattern of its prefix."""
    kinds = [rule.get("const") or _prefix_of(rule) for rule in _type_rules(schema)]
    return next((kind for kind in kinds if kind is not None), None)


def with_prefixes(spec: dict[str, Any]) -> dict[str, Any]:
    """Make the pattern of a prefix a `const` that ends in a hyphen.

    openapi-python-client drops patterns; the templates know such a `const`.
    """
    for schema in spec["components"]["schemas"].values():
        rule = schema.get("properties", {}).get("type", {})
        if prefix := _prefix_of(rule):
            rule["const"] = prefix.removeprefix("^")
    return spec


def _unknown_of(members: set[str]) -> str | None:
    return next((name for name in members if name.startswith("Unknown")), None)


def _type_rules(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What a schema and the parts of its `allOf` say of `type`."""
    parts = [schema, *schema.get("allOf", [])]
    return [part.get("properties", {}).get("type", {}) for part in parts]


def _prefix_of(rule: dict[str, Any]) -> str | None:
    pattern = str(rule.get("pattern", ""))
    return pattern if pattern.startswith("^") and pattern.endswith("-") else None


def _excluded_by(unknown: dict[str, Any]) -> set[str]:
    """The types, and patterns of types, that an unknown member does not have."""
    rules = [rule["not"] for rule in _type_rules(unknown) if "not" in rule]
    options = [option for rule in rules for option in rule.get("anyOf", [rule])]
    return {kind for option in options for kind in option.get("enum", [option.get("pattern")])}
