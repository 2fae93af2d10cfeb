"""schemathesis explores the genuine server by openapi.yaml and finds nothing to object to.

It gets the contract in a stricter form: `default` is taken out, so that every status that is not
listed is a finding, and ids and names that exist are filled in, so that it reaches more than 404.
Left out are its checks that call a documented 500 (refused input) or 400 (an offset that is not
the server's own) a failure. Requests that lack `meta` are not made at the path of the record:
without it they are the other view's.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract_spec.document import document
from tests.servers.flue import FlueServer

PROGRAM = Path(sys.executable).with_name("schemathesis")


def strict_document(runs: list[str]) -> dict[str, Any]:
    strict = copy.deepcopy(document())
    for path in strict["paths"].values():
        for operation in path.values():
            del operation["responses"]["default"]
    names = ["echo", "summarize", "bare", "fail", "hidden", "nope"]
    invoke = strict["paths"]["/workflows/{name}"]["post"]
    invoke["parameters"][0]["schema"] = {"type": "string", "enum": names}
    strict["components"]["parameters"]["RunId"]["schema"] = {
        "type": "string",
        "enum": [*runs, "run_nope"],
    }
    return strict


@pytest.mark.parametrize(
    "selection",
    [
        ["--exclude-operation-id=get_run"],
        ["--include-operation-id=get_run", "--mode=positive"],
    ],
    ids=["invoke, events, head", "record"],
)
def test_exploration_finds_nothing(
    genuine: FlueServer, tmp_path: Path, selection: list[str]
) -> None:
    with httpx.Client(base_url=genuine.url, timeout=60, trust_env=False) as api:
        runs = [
            str(api.post(f"/workflows/{name}?wait=result").json()["runId"])
            for name in ("echo", "operations", "compaction")
        ]
    (tmp_path / "openapi.json").write_text(json.dumps(strict_document(runs)))
    done = subprocess.run(
        [
            str(PROGRAM),
            "run",
            "openapi.json",
            f"--url={genuine.url}",
            "--checks=all",
            "--exclude-checks=not_a_server_error,positive_data_acceptance",
            "--request-timeout=60",
            "--continue-on-failure",
            "--max-examples=60",
            "--seed=1",
            *selection,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1", "NO_PROXY": "127.0.0.1"},
        timeout=240,
    )
    assert done.returncode == 0, done.stdout
