"""Lets schemathesis explore a genuine server by openapi.yaml.

It gets the contract in a stricter form: the operations that the server has, without `default`, so
that every status that is not listed is a finding, and with ids and names that exist, so that it
reaches more than 404. Left out are its checks that call a documented 500 (refused input) or 400 (an
offset that is not the server's own) a failure, and those that a caller names.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract_spec.document import document, resolve

PROGRAM = Path(sys.executable).with_name("schemathesis")
NEVER = ("not_a_server_error", "positive_data_acceptance")


def explore(
    url: str,
    folder: Path,
    generation: str,
    tags: Collection[str],
    values: Mapping[str, Sequence[str]],
    *selection: str,
    without: Sequence[str] = (),
) -> None:
    """Explore the operations of some tags that a server of the generation has; AssertionError with
    all findings if there is one.

    `values` are those that the parameters of each name may have; one without any is left out, such
    as `live` where a stream has no end. `selection` are further arguments of the program, `without`
    the checks that do not apply.
    """
    strict = strict_document(generation, tags, values)
    (folder / "openapi.json").write_text(json.dumps(strict))
    done = subprocess.run(
        [
            str(PROGRAM),
            "run",
            "openapi.json",
            f"--url={url}",
            "--checks=all",
            f"--exclude-checks={','.join([*NEVER, *without])}",
            "--request-timeout=60",
            "--continue-on-failure",
            "--max-examples=30",
            "--seed=1",
            *selection,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "NO_PROXY": "127.0.0.1"},
        timeout=240,
    )
    assert done.returncode == 0, done.stdout


def strict_document(
    generation: str, tags: Collection[str], values: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    strict = copy.deepcopy(document(generation))
    for path, operations in list(strict["paths"].items()):
        for method, operation in list(operations.items()):
            if not set(operation["tags"]) & set(tags):
                del operations[method]
                continue
            del operation["responses"]["default"]
            operation["parameters"] = [
                _filled(parameter, values)
                for parameter in map(resolve, operation["parameters"])
                if values.get(parameter["name"], True)
            ]
        if not operations:
            del strict["paths"][path]
    return strict


def _filled(parameter: dict[str, Any], values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if parameter["name"] not in values:
        return parameter
    return {**parameter, "schema": {"type": "string", "enum": [*values[parameter["name"]]]}}
