"""What type checkers know about the public surface; checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from typing import Any, Literal, TypedDict, assert_never, assert_type

import httpx

from flue_client_ext import (
    UNSET,
    AbortController,
    AbortSignal,
    Admission,
    AsyncConversation,
    AsyncFlueClient,
    AsyncFlueEventStream,
    AsyncRunOutcomes,
    Attachment,
    BackoffOptions,
    Batch,
    Checkpoint,
    Conversation,
    ConversationChunk,
    ConversationMessage,
    ConversationPage,
    ConversationPart,
    ConversationSettlement,
    ConversationSnapshot,
    DataPart,
    EventBatch,
    FailedAttempt,
    FlueAbortError,
    FlueApiError,
    FlueClient,
    FlueEvent,
    FlueEventStream,
    FlueExecutionError,
    FlueProtocolError,
    FlueTimeoutError,
    LogEvent,
    Message,
    MessageDeltaChunk,
    ModelResponse,
    Reply,
    ReplyOutcome,
    RunEndEvent,
    RunOutcome,
    RunRecord,
    StreamStats,
    TextDeltaEvent,
    TextPart,
    ToolEvent,
    UnknownEvent,
    Unset,
    Usage,
    View,
    WorkflowInvokeResult,
    WorkflowRunResult,
    WorkflowWaitResult,
    durable_streams,
)
from flue_client_ext.async_workflows import AsyncWorkflows
from flue_client_ext.runs import Runs
from flue_client_ext.testing import ConversationContext, LocalFlue, RunContext
from flue_client_ext.testing import Message as AgentMessage


class Summary(TypedDict):
    summary: str


def fixed_token() -> str:
    return "t"


async def fetched_token() -> str:
    return "t"


def clients_take_what_they_should(owned: httpx.Client) -> None:
    assert_type(FlueClient(), FlueClient)
    FlueClient("http://h", token="t", headers={"x": "y", "z": fixed_token}, timeout=3)
    FlueClient("http://h", token=fixed_token, headers=lambda: {"x": "y"}, timeout=None)
    FlueClient(base_url="http://h", token=None, http_client=owned)
    AsyncFlueClient("http://h", token=fetched_token, http_client=httpx.AsyncClient())
    AsyncFlueClient("http://h", token=fixed_token, headers={"x": fetched_token, "y": fixed_token})
    AsyncFlueClient("http://h", token=lambda: "t", headers=fixed_headers)
    AsyncFlueClient("http://h", headers=fetched_headers)
    with FlueClient("http://h") as client:
        assert_type(client, FlueClient)
        assert_type(client.with_options(token=None, timeout=None), FlueClient)
        assert_type(client.base_url, str)


class Tenant(FlueClient):
    tenant: str = "acme"


class AsyncTenant(AsyncFlueClient):
    tenant: str = "acme"


def a_subclass_stays_one(client: Tenant, later: AsyncTenant) -> None:
    assert_type(client.with_options(token="t"), Tenant)
    assert_type(later.with_options(token="t").tenant, str)
    with client as entered:
        assert_type(entered, Tenant)


def namespaces_are_classes_and_instances(client: FlueClient, later: AsyncFlueClient) -> None:
    assert_type(client.runs, Runs)
    assert_type(FlueClient.runs, type[Runs])
    assert_type(later.workflows, AsyncWorkflows)
    assert_type(AsyncFlueClient.workflows, type[AsyncWorkflows])


def invoke(client: FlueClient, wait: Literal["result"] | None) -> None:
    left_out = client.workflows.invoke("w", input={"text": "a"})
    assert_type(left_out, WorkflowInvokeResult)
    assert_type(left_out.run_id, str)
    assert_type(client.workflows.invoke("w", wait=None), WorkflowInvokeResult)
    waited = client.workflows.invoke("w", input=None, wait="result", timeout=None)
    assert_type(waited, WorkflowWaitResult)
    assert_type(waited.run_id, str)
    assert_type(waited.result, Any)
    either = client.workflows.invoke("w", wait=wait, signal=AbortSignal.timeout(3), timeout=5)
    assert_type(either, WorkflowInvokeResult | WorkflowWaitResult)
    assert_type(either.run_id, str)
    if isinstance(either, WorkflowWaitResult):
        assert_type(either.result, Any)
    named: WorkflowWaitResult[Summary] = client.workflows.invoke("w", wait="result")
    assert_type(named.result, Summary)


async def invoke_async(client: AsyncFlueClient, wait: Literal["result"] | None) -> None:
    assert_type(await client.workflows.invoke("w", input=[1]), WorkflowInvokeResult)
    assert_type(await client.workflows.invoke("w", wait=None), WorkflowInvokeResult)
    assert_type(await client.workflows.invoke("w", wait="result"), WorkflowWaitResult)
    assert_type(
        await client.workflows.invoke("w", wait=wait), WorkflowInvokeResult | WorkflowWaitResult
    )
    named: WorkflowWaitResult[Summary] = await client.workflows.invoke("w", wait="result")
    assert_type(named.result, Summary)
    async with AsyncFlueClient("http://h") as entered:
        assert_type(entered, AsyncFlueClient)
        assert_type(entered.with_options(token=fetched_token), AsyncFlueClient)


def run_has_the_result_type_that_the_caller_names(client: FlueClient) -> Summary:
    anything = client.workflows.run("w", on_event=print)
    assert_type(anything, WorkflowRunResult[Any])
    named: WorkflowRunResult[Summary] = client.workflows.run("w", input={}, live="sse")
    assert_type(named.result, Summary)
    assert_type(named.run_id, str)
    waited: WorkflowRunResult[list[int]] = client.runs.wait("run_1")
    assert_type(waited.result, list[int])
    return named.result


async def run_async_has_it_too(client: AsyncFlueClient) -> Summary:
    async def on_event(event: FlueEvent) -> None:
        assert_type(event.event_index, int)

    assert_type(await client.workflows.run("w", on_event=on_event), WorkflowRunResult[Any])
    named: WorkflowRunResult[Summary] = await client.workflows.run("w")
    assert_type(named.result, Summary)
    return named.result


def runs(client: FlueClient, checkpoint: Checkpoint) -> None:
    record = client.runs.get("run_1")
    assert_type(record, RunRecord)
    assert_type(record.status, str)
    assert_type(client.runs.events("run_1", offset="now", tail=3), list[FlueEvent])
    with client.runs.stream("run_1", live="auto", resume=checkpoint) as stream:
        assert_type(stream, FlueEventStream)
        assert_type(stream.offset, str)
        assert_type(stream.checkpoint, Checkpoint)
        assert_type(stream.stats, StreamStats)
        assert_type(iter(stream), Iterator[FlueEvent])
        for event in stream:
            assert_type(event, FlueEvent)
        for batch in stream.batches():
            assert_type(batch, EventBatch)
        for events, offset in stream.batches():
            assert_type(events, list[FlueEvent])
            assert_type(offset, str)
        stream.cancel("enough")
    assert_type(checkpoint.to_json(), str)
    assert_type(Checkpoint.from_json("{}"), Checkpoint)


async def runs_async(client: AsyncFlueClient) -> None:
    assert_type(await client.runs.get("run_1"), RunRecord)
    assert_type(await client.runs.events("run_1"), list[FlueEvent])
    async with client.runs.stream("run_1", live=False, offset="-1") as stream:
        assert_type(stream, AsyncFlueEventStream)
        assert_type(aiter(stream), AsyncIterator[FlueEvent])
        async for event in stream:
            assert_type(event, FlueEvent)
        async for events, offset in stream.batches():
            assert_type(events, list[FlueEvent])
            assert_type(offset, str)
    assert_type(client.runs.stream("run_1").checkpoint, Checkpoint)


def many(client: FlueClient) -> None:
    outcomes = client.workflows.map("w", [1, 2], concurrency=2, ordered=False)
    assert_type(outcomes, Generator[RunOutcome, None, None])
    with closing(client.runs.as_completed(["r"])) as completed:
        assert_type(next(completed), RunOutcome)
    assert_type(client.runs.wait_all(iter(["r"])), list[RunOutcome])
    summaries: list[RunOutcome[Summary]] = client.runs.wait_all(["r"])
    assert_type(summaries[0].result, Summary)
    assert_type(summaries[0].unwrap(), Summary)
    named: Iterator[RunOutcome[Summary]] = client.workflows.map("w", [1])
    assert_type(next(named).result, Summary)
    for outcome in outcomes:
        assert_type(outcome.ok, bool)
        assert_type(outcome.error, Exception | None)
        assert_type(outcome.run_id, str | None)


async def many_async(client: AsyncFlueClient) -> None:
    assert_type(client.workflows.map("w", [1]), AsyncRunOutcomes)
    async with aclosing(client.runs.as_completed(["r"])) as completed:
        assert_type(await anext(completed), RunOutcome)
    assert_type(await client.runs.wait_all(["r"]), list[RunOutcome])


def events_narrow(event: FlueEvent) -> str | None:
    if event.type == "run_end":
        assert_type(event, RunEndEvent)
        assert_type(event.is_error, bool)
    elif event.type == "unknown":
        assert_type(event, UnknownEvent)
    if isinstance(event, ToolEvent):
        return event.tool_name
    match event.type:
        case "text_delta":
            assert_type(event, TextDeltaEvent)
            return event.text
        case _:
            pass
    match event:
        case LogEvent(message=message):
            assert_type(message, str)
            return message
        case _:
            return event.run_id


def parts_of_events_have_names_too(usage: Usage, message: Message, response: ModelResponse) -> None:
    views: list[View] = [usage, message, response]
    assert views


def narrowing_leaves_nothing_over(event: LogEvent | RunEndEvent) -> str | None:
    if event.type == "log":
        return event.message
    elif event.type == "run_end":
        return event.run_id
    else:
        assert_never(event)


def conversations(client: FlueClient) -> None:
    talk = client.agents.conversation("support", "t1")
    assert_type(talk, Conversation)
    assert_type(client.agents.conversation(path="private/chat/t1"), Conversation)
    picture = Attachment(b"", "image/png")
    admission = talk.send("x", attachments=[picture], uid=None, initial_data={"a": 1})
    assert_type(admission, Admission)
    assert_type(admission.uid, str | None)
    assert_type(talk.send_signal("t", "b", attributes={"a": "b"}), Admission)
    assert_type(talk.wait(admission), ConversationSettlement)
    reply = talk.read(admission.submission_id, on_update=lambda chunk: chunk.type, live="sse")
    assert_type(reply, Reply)
    assert_type(reply.data, dict[str, list[Any]])
    assert_type(reply.message, ConversationMessage | None)
    assert_type(talk.ask("x", idempotency_key=None, timeout=None), Reply)
    assert_type(talk.abort(), bool)
    assert_type(talk.history(limit=5), ConversationSnapshot)
    assert_type(talk.history_before("c"), ConversationPage)
    assert_type(talk.attachment("a"), bytes)
    for outcome in client.agents.map("support", ["a"], ids=["x"]):
        assert_type(outcome, ReplyOutcome)
        assert_type(outcome.reply, Reply | None)
        assert_type(outcome.unwrap(), Reply)
    for ended in client.workflows.map("w", [1]):
        assert_type(ended, RunOutcome)


async def conversations_async(client: AsyncFlueClient) -> None:
    talk = client.agents.conversation(url="http://h/a/b")
    assert_type(await client.agents.ask("support", "t1", "x"), Reply)
    assert_type(talk, AsyncConversation)
    assert_type(await talk.ask("x"), Reply)
    assert_type(await client.agents.read("support", "t1", await talk.send("x")), Reply)
    async for outcome in client.agents.map("support", ["a"]):
        assert_type(outcome, ReplyOutcome)
    outcomes: AsyncRunOutcomes = client.workflows.map("w", [1])
    async for ended in outcomes:
        assert_type(ended, RunOutcome)


def durable(url: str) -> None:
    with durable_streams.stream(url, params={"key": fixed_token}, live="sse") as stream:
        assert_type(stream, durable_streams.DurableStream)
        for item in stream:
            assert_type(item, Any)
        for batch in stream.batches():
            assert_type(batch, Batch)
            assert_type(batch.items, list[Any])
            assert_type(batch.closed, bool)
        assert_type(stream.closed, bool)
        assert_type(stream.up_to_date, bool)
        assert_type(stream.offset, str)


async def durable_async(url: str) -> None:
    async with durable_streams.astream(url, headers=fixed_headers, timeout=None) as stream:
        assert_type(stream, durable_streams.AsyncDurableStream)
        async for item in stream:
            assert_type(item, Any)
        async for batch in stream.batches():
            assert_type(batch, Batch)


def fixed_headers() -> dict[str, str]:
    return {}


async def fetched_headers() -> dict[str, str]:
    return {}


def passed_on(
    client: FlueClient, input: Any = UNSET, timeout: float | None | Unset = UNSET
) -> WorkflowInvokeResult:
    return client.workflows.invoke("w", input=input, timeout=timeout)


def attachments_are_bytes_of_each_kind(picture: memoryview) -> list[Attachment]:
    kinds: list[bytes | bytearray | memoryview] = [picture, b"", bytearray()]
    return [Attachment(data, "image/png") for data in kinds]


def local_servers_take_functions(server: LocalFlue) -> Callable[[RunContext], None]:
    @server.agent
    async def answers(message: AgentMessage, conversation: ConversationContext) -> str | None:
        return message.text

    @server.agent("other")
    def echoes(message: AgentMessage) -> str:
        return message.text

    @server.workflow(input_schema={})
    async def runs(input: dict[str, str], run: RunContext) -> dict[str, str]:
        return input

    @server.workflow
    def ends(run: RunContext) -> None:
        run.log("at once")

    assert_type(echoes(AgentMessage("x", "user", "sub_1")), str)
    return ends


def signals_and_options(controller: AbortController) -> None:
    assert_type(controller.signal, AbortSignal)
    both = AbortSignal.any([controller.signal, AbortSignal.timeout(1.5)])
    assert_type(both, AbortSignal)
    assert_type(both.aborted, bool)
    assert_type(both.reason, Any)

    def told(attempt: FailedAttempt) -> None:
        assert_type(attempt.delay, float | None)
        assert_type(attempt.status, int | None)

    assert_type(BackoffOptions(max_retries=None, on_failed_attempt=told), BackoffOptions)


def errors(
    api: FlueApiError, late: FlueTimeoutError, failed: FlueExecutionError
) -> tuple[str | None, ...]:
    assert_type(api.status, int)
    assert_type(api.type, str | None)
    assert_type(api.retryable, bool)
    assert_type(api.body, Any)
    assert_type(failed.failure, Literal["failed", "aborted", "terminal_event_missing"])
    assert_type(failed.target, Literal["workflow", "agent_submission"])
    timeout: TimeoutError = late
    assert timeout
    return late.run_id, late.offset, api.run_id, failed.run_id, *runs_of_others()


def runs_of_others() -> tuple[str | None, ...]:
    aborted, strange = FlueAbortError(), FlueProtocolError("x")
    return aborted.run_id, strange.run_id


def chunks_and_parts_narrow(chunk: ConversationChunk, message: ConversationMessage) -> list[str]:
    if chunk.type == "message-delta":
        assert_type(chunk, MessageDeltaChunk)
        return [chunk.delta]
    assert_type(message.parts, list[ConversationPart])
    data = [part for part in message.parts if isinstance(part, DataPart)]
    assert_type(data, list[DataPart])
    for part in message.parts:
        if part.type == "text":
            assert_type(part, TextPart)
    return [part.text for part in message.parts if part.type == "text"]
