"""A run recorded from the genuine server and replayed here is the same answer, byte for byte."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from flue_client_ext.testing import record, replay
from tests.contract.peers import Peer

QUERIES = ("", "?meta", "?tail=1", "?offset=-1&live=sse", "?offset=-1&live=long-poll")
NEVER_SAME = ("date", "stream-cursor")


@pytest.mark.parametrize("workflow", ["research", "unicode", "fail", "flood"])
def test_a_replayed_run_answers_as_the_genuine_server_did(
    genuine_peer: Peer, tmp_path: Path, workflow: str
) -> None:
    input = {"flood": {"n": 230}, "research": None}.get(workflow, {})
    path = f"{genuine_peer.url}/workflows/{workflow}"
    run_id = httpx.post(path, json=input, timeout=30).json()["runId"]
    record(genuine_peer.url, run_id, tmp_path / "run.jsonl")
    with replay(tmp_path / "run.jsonl").run() as url:
        for query in QUERIES:
            there, here = (
                httpx.get(f"{base}/runs/{run_id}{query}") for base in (genuine_peer.url, url)
            )
            bodies = [_without_cursors(answer.text) for answer in (there, here)]
            assert bodies[0] == bodies[1]
            for answer in (there, here):
                for name in NEVER_SAME:
                    answer.headers.pop(name, None)
            assert dict(there.headers) == dict(here.headers)


def _without_cursors(body: str) -> str:
    return body if "streamCursor" not in body else body.split('"streamCursor":"')[0]
