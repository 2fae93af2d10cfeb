"""The generated operations: pure request builders, and parsing that dispatches events by type."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest

from flue_client import Client
from flue_client.api.runs import get_run, head_run, read_run_events
from flue_client.api.workflows import invoke_workflow
from flue_client.models import (
    ErrorEnvelope,
    LogEvent,
    RunEndEvent,
    RunRecord,
    RunStartEvent,
    WorkflowInvokeResult,
    WorkflowWaitResult,
)
from tests.contract_spec.document import ROOT
from tests.contract_spec.samples import Sample, sample

SEGMENTS = {
    "summarize": "summarize",
    "a/b": "a%2Fb",
    "a b?c#d%e": "a%20b%3Fc%23d%25e",
    "é世": "%C3%A9%E4%B8%96",
    "~-._": "~-._",
}


def client(one: Sample, seen: list[httpx.Request] | None = None) -> Client:
    """A generated client whose server answers everything with one recorded answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(one.status, headers=one.headers, content=one.body)

    arguments: dict[str, Any] = {"transport": httpx.MockTransport(answer)}
    return Client(base_url="http://flue.test/api", httpx_args=arguments)


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_path_segment_is_quoted_whole(segment: str) -> None:
    quoted = SEGMENTS[segment]
    assert invoke_workflow._get_kwargs(segment)["url"] == f"/workflows/{quoted}"
    for module in (get_run, head_run, read_run_events):
        assert module._get_kwargs(segment)["url"] == f"/runs/{quoted}"


def test_the_request_of_each_operation_follows_from_its_arguments_alone() -> None:
    assert invoke_workflow._get_kwargs("w") == {
        "method": "post",
        "url": "/workflows/w",
        "params": {},
        "headers": {},
    }
    assert get_run._get_kwargs("r") == {"method": "get", "url": "/runs/r", "params": {"meta": ""}}
    assert head_run._get_kwargs("r") == {"method": "head", "url": "/runs/r"}
    assert read_run_events._get_kwargs(
        "r", offset="-1", tail=5, live="sse", cursor="7", if_none_match='"tag"'
    ) == {
        "method": "get",
        "url": "/runs/r",
        "params": {"offset": "-1", "tail": 5, "live": "sse", "cursor": "7"},
        "headers": {"If-None-Match": '"tag"'},
    }


@pytest.mark.parametrize(("body", "sent"), [(None, b"null"), ({}, b"{}"), ([1], b"[1]")])
def test_null_and_no_input_are_two_things(body: Any, sent: bytes) -> None:
    given = invoke_workflow._get_kwargs("w", body=body, wait="result")
    assert given["content"] == sent
    assert given["headers"] == {"Content-Type": "application/json"}
    assert given["params"] == {"wait": "result"}
    seen: list[httpx.Request] = []
    invoke_workflow.sync("w", client=client(sample("invoke-202"), seen))
    assert seen[0].content == b""
    assert "content-type" not in seen[0].headers


def test_the_generated_operations_understand_the_recorded_answers() -> None:
    started = invoke_workflow.sync("w", client=client(sample("invoke-202")))
    assert isinstance(started, WorkflowInvokeResult)
    ended = invoke_workflow.sync("w", client=client(sample("invoke-wait-200")), wait="result")
    assert isinstance(ended, WorkflowWaitResult)
    assert ended.result == {"summary": "a b c"}
    record = get_run.sync("r", client=client(sample("run-meta-errored")))
    assert isinstance(record, RunRecord)
    assert record.status == "errored"
    missing = get_run.sync("r", client=client(sample("error-run-not-found")))
    assert isinstance(missing, ErrorEnvelope)
    assert missing.error.type == "run_not_found"
    events = read_run_events.sync("r", client=client(sample("run-catchup")))
    assert isinstance(events, list)
    assert [type(event) for event in events] == [RunStartEvent, LogEvent, RunEndEvent]
    head = head_run.sync_detailed("r", client=client(sample("run-head")))
    assert head.headers["Stream-Closed"] == "true"


def test_the_record_and_the_events_of_a_run_are_asked_at_one_path() -> None:
    seen: list[httpx.Request] = []
    get_run.sync("run_1", client=client(sample("run-meta"), seen))
    read_run_events.sync("run_1", client=client(sample("run-catchup"), seen))
    assert [request.url.raw_path for request in seen] == [
        b"/api/runs/run_1?meta=",
        b"/api/runs/run_1",
    ]


@pytest.mark.parametrize("module", ["flue_client", "flue_client.models"])
def test_importing_the_events_does_not_import_an_http_library(module: str) -> None:
    script = f"import sys, {module}; print([m for m in ('httpx', 'httpcore') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


def test_the_docstring_of_an_operation_describes_its_parameters() -> None:
    for module in (invoke_workflow, get_run, head_run, read_run_events):
        described = re.findall(r"^ *`(\w+)`: \S+ \S+", module.sync_detailed.__doc__ or "", re.M)
        parameters = inspect.signature(module.sync_detailed).parameters.keys()
        assert {*described, "body"} == {*parameters - {"client"}, "body"}
