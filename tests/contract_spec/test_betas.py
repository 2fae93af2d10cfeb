"""What openapi.yaml says of the agents of the betas is true of recorded answers of 1.0.0-beta.5 and
1.0.0-beta.9, and the generated client reads them."""

from __future__ import annotations

from collections import Counter

import pytest

from flue_client.api.agents import read_agent_events, send_message
from flue_client.models import (
    AgentAdmission,
    AgentPrompt,
    AgentPromptResult,
    ConversationSnapshot,
    ErrorEnvelope,
    MessageCompletedChunk,
    MessageStartedChunk,
    SubmissionSettledChunk,
    parse_chunk,
    parse_event,
)
from tests.contract_spec import document, exchanges
from tests.contract_spec.exchanges import BETA_NAMES, answer, exchange
from tests.contract_spec.test_agents import module_of, parsed
from tests.contract_spec.test_conversation_views import read_all
from tests.contract_spec.test_conversations import message_problems
from tests.contract_spec.validation import (
    ContractViolation,
    validate_member,
    validate_response,
)

OF_BETA_3 = [name for name in BETA_NAMES if name.startswith("beta5/")]
OF_BETA_8 = [name for name in BETA_NAMES if name.startswith("beta9/")]
GENERATIONS = ("beta.3", "beta.8", "2")


def check(name: str, generation: str | None) -> None:
    one = answer(name)
    validate_response(
        one.method, one.path, one.status, one.headers, None, one.body, generation=generation
    )


@pytest.mark.parametrize("name", BETA_NAMES)
def test_a_recorded_answer_fits_the_contract_of_its_generation(name: str) -> None:
    check(name, exchange(name).generation)
    check(name, None)


@pytest.mark.parametrize("name", exchanges.NAMES)
def test_a_recorded_answer_of_2_1_fits_the_contract_of_its_generation(name: str) -> None:
    check(name, "2")


def test_the_recorded_answers_are_many_and_of_every_kind() -> None:
    for names, statuses, paths in (
        (OF_BETA_3, {200, 202, 400, 404, 405, 415, 500}, {exchanges.EVENTS}),
        (OF_BETA_8, {200, 202, 400, 404, 405, 415, 500}, {f"{exchanges.CONVERSATION}#updates"}),
    ):
        assert len(names) >= 46
        found = [answer(name) for name in names]
        assert {one.status for one in found} == statuses
        assert {one.path for one in found} >= paths | {exchanges.CONVERSATION}


@pytest.mark.parametrize(
    ("name", "generation"),
    [
        ("beta5/prompt-wait-result-200", "2"),
        ("beta5/send-202", "2"),  # it lacks the uid
        ("beta5/read-from-start", "beta.8"),
        ("beta9/view-updates", "beta.3"),
        ("beta9/view-updates", "2"),  # it lacks purposes
        ("beta9/view-history", "beta.3"),
        ("beta9/view-history", "2"),
        ("beta9/abort-running", "beta.3"),
        ("beta9/attachment-200", "beta.3"),
        ("history-200", "beta.3"),
        ("updates-from-start", "beta.8"),  # it has a checkpoint
        ("updates-offset-beyond-head-416", "beta.8"),
        ("send-uid-null-exists-409", "beta.8"),
    ],
)
def test_an_answer_breaks_the_contract_of_another_generation(name: str, generation: str) -> None:
    with pytest.raises(ContractViolation):
        check(name, generation)


def test_a_generation_has_the_operations_that_it_is_said_to_have() -> None:
    counted = {
        generation: Counter(
            operation["tags"][0]
            for operations in document.document(generation)["paths"].values()
            for operation in operations.values()
        )
        for generation in GENERATIONS
    }
    assert counted == {
        "beta.3": {"workflows": 1, "runs": 3, "agents": 3},
        "beta.8": {"workflows": 1, "runs": 3, "agents": 6},
        "2": {"agents": 7},
    }


@pytest.mark.parametrize("name", BETA_NAMES)
def test_a_message_that_was_admitted_fits_the_contract_of_its_generation(name: str) -> None:
    one = exchange(name)
    if one.method != "POST" or one.answer.status not in (200, 202) or not one.body:
        return
    assert message_problems(one.json(), one.generation) == []
    assert message_problems(one.json())
    made = send_message._get_kwargs("chat", "c", body=AgentPrompt(one.json()))
    assert made["content"] == one.body


def test_a_message_of_another_generation_breaks_the_contract() -> None:
    for folder in ("beta5", "beta9"):
        refused = exchange(f"{folder}/send-bad-shape-400")
        assert refused.json() == {"kind": "user", "body": "2.x style"}
        assert message_problems(refused.json(), refused.generation)
        assert message_problems(refused.json()) == []


def test_waiting_for_the_result_is_a_parameter() -> None:
    made = send_message._get_kwargs("chat", "w2", body=AgentPrompt({"message": "a"}), wait="result")
    assert made["params"] == {"wait": "result"}
    read = read_agent_events._get_kwargs("chat", "w2", offset="-1", live="long-poll", tail=2)
    assert read["url"] == "/agents/chat/w2"
    assert read["params"] == {"offset": "-1", "live": "long-poll", "tail": 2}


@pytest.mark.parametrize("name", BETA_NAMES)
def test_every_recorded_answer_is_parsed_by_its_status(name: str) -> None:
    one = exchange(name)
    told, content_type = one.answer, one.answer.headers.get("content-type", "")
    if one.method in ("HEAD", "PUT"):
        return
    value = parsed(told, module_of(one))
    if told.status >= 400:
        assert (type(value) is ErrorEnvelope) == (content_type == "application/json")
    elif content_type == "text/event-stream":
        assert value is None
    elif told.path.endswith(("#updates", "#events")):
        assert [item.to_dict() for item in value] == told.json()
    elif told.path == exchanges.CONVERSATION:
        kind = {200: AgentPromptResult, 202: AgentAdmission}[told.status]
        assert type(value) is (kind if one.method == "POST" else ConversationSnapshot)
        read_all(value)
        assert value.to_dict() == told.json()
    elif "/attachments/" in told.path:
        assert value == told.body
    else:
        assert value.to_dict() == told.json()


def test_every_recorded_event_of_an_agent_is_of_the_class_of_its_type() -> None:
    events = exchanges.items(OF_BETA_3)
    for data in events:
        validate_member("FlueEvent", data)
        event = parse_event(data)
        assert event.type == data["type"]
        assert (event.submission_id, event.run_id) == (data["submissionId"], None)
        read_all(event)
    assert {event["type"] for event in events} == {
        *("operation_start", "operation", "agent_start", "agent_end", "idle", "text_delta"),
        *("turn_start", "turn", "turn_messages", "message_start", "message_end"),
        *("thinking_start", "thinking_delta", "thinking_end", "tool_start", "tool"),
        "submission_settled",
    }


def test_the_events_of_an_agent_are_told_apart_by_two_fields() -> None:
    events = answer("beta5/read-from-start").json() + exchanges.items(["beta5/read-tool"])
    assert Counter(event["eventIndex"] for event in events).most_common(1)[0][1] > 1
    identities = [(event["submissionId"], event["eventIndex"]) for event in events]
    assert len(set(identities)) == len(identities)


def test_every_recorded_chunk_and_snapshot_of_beta_9_reads_as_views() -> None:
    chunks = exchanges.chunks(OF_BETA_8)
    for data in chunks:
        validate_member("ConversationChunk", data, "beta.8")
        chunk = parse_chunk(data)
        assert chunk.type == data["type"]
        read_all(chunk)
    assert not {"stream-checkpoint", "data-part"} & {chunk["type"] for chunk in chunks}
    for data in exchanges.snapshots(OF_BETA_8):
        one = ConversationSnapshot.from_dict(data)
        read_all(one)
        assert one.incarnation is None
        assert [message.to_dict() for message in one.messages] == data["messages"]


def test_a_submission_of_beta_9_tells_usage_and_model() -> None:
    chunks = [parse_chunk(data) for data in exchanges.chunks(["beta9/read-tool"])]
    settled, started, completed = chunks[-1], chunks[2], chunks[-2]
    assert isinstance(settled, SubmissionSettledChunk) and settled.result is not None
    assert settled.result.text == "The answer is 42 é世界🎉"
    assert (settled.result.usage.input, settled.result.model.id) == (20, "m1")
    assert isinstance(started, MessageStartedChunk) and started.model is not None
    assert (started.model.provider, started.model.id) == ("fake", "m1")
    assert isinstance(completed, MessageCompletedChunk) and completed.usage is not None
    assert completed.usage.total_tokens == 15
