"""The same conversations by upstream's own TypeScript SDK: the same replies, the same states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, get_args
from uuid import uuid4

import httpx
import pytest

from flue_client_ext import Admission, FlueClient, FlueExecutionError
from tests.servers.flue2 import PRIVATE_TOKEN, VERSIONS, Flue2Server
from tests.servers.sdk_live import Json, Live, LiveSdk
from tests.streams.reading import Reader
from tests.worlds import NAMES, World, world

from .scenarios import SCENARIOS
from .test_genuine_streams import state_at

MODES: tuple[Live, ...] = get_args(Live)


@pytest.fixture(scope="module")
def sdk() -> Iterator[LiveSdk]:
    with LiveSdk() as running:
        yield running


@pytest.fixture(scope="module")
def worlds() -> Iterator[list[World]]:
    with ExitStack() as stack:
        yield [stack.enter_context(world(name)) for name in NAMES]


@pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)
@pytest.mark.parametrize("name", SCENARIOS)
def test_replies_and_states_are_those_of_upstream(
    worlds: list[World], sdk: LiveSdk, genuine2: Flue2Server, name: str
) -> None:
    scenario, id = SCENARIOS[name], uuid4().hex
    url = f"{genuine2.url}/agents/{scenario.agent}/{id}"
    clients = [entered.client(genuine2.url, token=PRIVATE_TOKEN) for entered in worlds]
    with FlueClient(genuine2.url, token=PRIVATE_TOKEN) as client:
        steps = scenario.play(client.agents.conversation(scenario.agent, id), genuine2)
        admissions = [next(steps)]
        observed = {
            live: (
                sdk.observe(url, PRIVATE_TOKEN, live),
                [Reader(each.agents.observe(scenario.agent, id, live=live)) for each in clients],
            )
            for live in MODES
        }
        admissions += steps
    outcomes = []
    for admission in admissions:
        theirs = their_read(sdk, url, wire_of(admission, url))
        assert their_read(sdk, url, admission.submission_id) == without_uid(theirs)
        for each in clients:
            assert our_read(each, scenario.agent, id, admission) == theirs
        outcomes.append(theirs["failure"]["failure"] if "failure" in theirs else "completed")
    assert tuple(outcomes) == scenario.outcomes
    snapshot = snapshot_of(url)
    for live, (observation, readers) in observed.items():
        theirs = sdk.state(observation, snapshot["offset"])
        assert (live, theirs.get("error"), theirs["offset"]) == (live, None, snapshot["offset"])
        assert shown(theirs["state"]) == shown(snapshot)
        for reader in readers:
            assert our_state(reader, snapshot["offset"]) == shown(snapshot)


def wire_of(admission: Admission, url: str) -> Json:
    """The admission as the SDK's own `send` returns it."""
    return {
        "streamUrl": url,
        "offset": admission.offset,
        "submissionId": admission.submission_id,
        "uid": admission.uid,
    }


def their_read(sdk: LiveSdk, url: str, submission: Json | str) -> Json:
    """The SDK's reply, or the fields of its failure."""
    answer = sdk.read(url, PRIVATE_TOKEN, submission)
    if "failure" in answer:
        failure: Json = answer["failure"]
        assert failure.pop("name") == "FlueExecutionError"
        del failure["message"]
    return answer


def without_uid(answer: Json) -> Json:
    """What the SDK answers to a bare submission id: it tells the `uid` of an admission only."""
    if "reply" not in answer:
        return answer
    return {"reply": {name: value for name, value in answer["reply"].items() if name != "uid"}}


def our_read(client: Any, agent: str, id: str, admission: Admission) -> Json:
    """Our reply or failure, with the names of the SDK."""
    try:
        reply = client.agents.read(agent, id, admission)
    except FlueExecutionError as error:
        told = {"target": error.target, "targetId": error.target_id, "failure": error.failure}
        return {"failure": {**told, "error": error.error}}
    told = {"text": reply.text, "data": reply.data, "submissionId": reply.submission_id}
    if reply.metadata is not None:
        told["metadata"] = reply.metadata
    return {"reply": {**told, "uid": reply.uid}}


def snapshot_of(url: str) -> Json:
    """The server's own snapshot."""
    headers = {"authorization": f"Bearer {PRIVATE_TOKEN}"}
    snapshot: Json = httpx.get(url, headers=headers, timeout=60, trust_env=False).json()
    return snapshot


def shown(conversation: Json) -> Json:
    """Messages and settlements, without the URLs of files, which the SDK makes."""
    messages = [
        {**message, "parts": [_without_url(part) for part in message["parts"]]}
        for message in conversation["messages"]
    ]
    return {"messages": messages, "settlements": conversation["settlements"]}


def _without_url(part: Json) -> Json:
    return {name: value for name, value in part.items() if (part["type"], name) != ("file", "url")}


def our_state(reader: Reader, offset: str) -> Json:
    state = state_at(reader, offset)
    reader.stream.cancel()
    reader.join()
    messages = [message.to_dict() for message in state.messages]
    settlements = [settlement.to_dict() for settlement in state.settlements]
    return shown({"messages": messages, "settlements": settlements})
