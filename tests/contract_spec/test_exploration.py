"""schemathesis explores genuine servers by openapi.yaml and finds nothing to object to.

Requests that lack `meta` are not made at the path of the record: without it they are the other
view's.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.contract_spec.exploration import explore
from tests.servers.beta import BetaServer
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server
from tests.servers.http import client_of

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
AGENTS = ["echo", "data", "tools", "nope"]
NAMES = ["echo", "summarize", "bare", "fail", "hidden", "nope"]
LENIENT = ["negative_data_rejection"]
"""Bodies with fields that the server does not know are accepted, as the contract says."""


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
    with client_of(genuine.url, timeout=60) as api:
        runs = [
            str(api.post(f"/workflows/{name}?wait=result").json()["runId"])
            for name in ("echo", "operations", "compaction")
        ]
    values = {"name": NAMES, "runId": [*runs, "run_nope"]}
    explore(genuine.url, tmp_path, "beta.3", {"workflows", "runs"}, values, *selection)


@pytest.mark.parametrize(
    "selection",
    [
        [
            "--exclude-operation-id=read_conversation_updates",
            "--exclude-operation-id=read_earlier_messages",  # from 2.2 on
        ],
        ["--include-operation-id=read_conversation_updates", "--mode=positive"],
    ],
    ids=["send, history, head, abort, attachment", "updates"],
)
def test_exploration_of_agents_finds_nothing(
    genuine2: Flue2Server, tmp_path: Path, selection: list[str]
) -> None:
    image = {"type": "image", "data": PIXEL, "mimeType": "image/png"}
    ids = [f"explored-{number}" for number in range(3)]
    with client_of(genuine2.url, timeout=60) as api:
        for id in ids:
            body = {"kind": "user", "body": "hello", "attachments": [image]}
            assert api.post(f"/agents/echo/{id}", json=body).status_code == 202
        attachment = attachment_id(api, f"/agents/echo/{ids[0]}")
    values = {
        "name": AGENTS,
        "id": [*ids, "nobody"],
        "attachmentId": [attachment, "nope"],
        "live": [],  # over SSE a read has no end
        "limit": [],
        "from": [],
    }
    explore(genuine2.url, tmp_path, "2", {"agents"}, values, *selection, without=LENIENT)


@pytest.mark.parametrize(
    ("genuine_beta", "generation", "selection"),
    [
        # An offset that is not the server's own is a 500 of its updates.
        ("beta.9", "beta.8", ["--exclude-operation-id=read_conversation_updates"]),
        ("beta.5", "beta.3", ["--include-operation-id=read_agent_events", "--mode=positive"]),
    ],
    indirect=["genuine_beta"],
)
def test_exploration_of_agents_of_the_betas_finds_nothing(
    genuine_beta: BetaServer, tmp_path: Path, generation: str, selection: list[str]
) -> None:
    image = {"type": "image", "data": PIXEL, "mimeType": "image/png"}
    ids = [f"explored-{number}" for number in range(3)]
    with client_of(genuine_beta.url, timeout=60) as api:
        for id in ids:
            body = {"message": "hello", "images": [image]}
            answer = api.post(f"/agents/echo/{id}?wait=result", json=body)
            assert answer.status_code == 200
    attachment = f"att_direct_{answer.json()['submissionId']}_0"
    values = {
        "name": ["echo", "tools", "hidden", "nope"],
        "id": [*ids, "nobody"],
        "attachmentId": [attachment, "nope"],
        "live": [],  # over SSE a read has no end
        "wait": [],  # an answer would wait for all submissions before it
    }
    explore(
        genuine_beta.url,
        tmp_path,
        generation,
        {"agents"},
        values,
        *selection,
        "--phases=coverage,fuzzing",
        "--max-examples=20",
        without=LENIENT,
    )


def attachment_id(api: httpx.Client, path: str) -> str:
    """The id of a conversation's first file, once its message is there."""
    offset = "-1"
    while True:
        answer = api.get(f"{path}?view=updates&offset={offset}&live=long-poll")
        offset = answer.headers["stream-next-offset"]
        for chunk in answer.json():
            for part in chunk.get("message", {}).get("parts", []):
                if part["type"] == "file":
                    return str(part["id"])
