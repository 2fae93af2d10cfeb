"""schemathesis explores the genuine server by openapi.yaml and finds nothing to object to.

Requests that lack `meta` are not made at the path of the record: without it they are the other
view's.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.contract_spec.exploration import explore
from tests.servers.flue import FlueServer

NAMES = ["echo", "summarize", "bare", "fail", "hidden", "nope"]


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
    values = {"name": NAMES, "runId": [*runs, "run_nope"]}
    explore(genuine.url, tmp_path, {"workflows", "runs"}, values, *selection)
