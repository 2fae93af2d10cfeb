"""Recording and replaying, between two local servers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueApiError
from flue_client_ext.testing import LocalFlue, Recording, RunContext, VirtualClock, record, replay
from tests.local.support import ended, gates


@pytest.fixture
def odd_run(server: LocalFlue) -> str:
    @server.workflow("odd")
    def odd(input: Any, run: RunContext) -> Any:
        run.log("half \ud83d, whole 🎉, line\u2028end\n")
        run.skip()
        run.log("after a gap")
        if input == "fail":
            raise KeyError("gone")
        return {"done": True}

    return ended(server, "odd", "x")


def bodies(url: str, run_id: str) -> list[bytes]:
    return [httpx.get(f"{url}/runs/{run_id}{query}").content for query in ("", "?meta", "?tail=1")]


def test_a_replayed_run_is_the_recorded_one_byte_for_byte(
    server: LocalFlue, odd_run: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.jsonl"
    taken = record(server.url, odd_run, path)
    assert Recording.load(path) == taken
    assert [event["eventIndex"] for event in taken.events] == [0, 1, 3, 4]
    before = bodies(server.url, odd_run)
    with replay(path).run() as url:
        assert bodies(url, odd_run) == before


def test_long_runs_are_recorded_whole(server: LocalFlue) -> None:
    assert len(record(server.url, ended(server, "count", 450)).texts) == 452


def test_recording_waits_for_the_end_of_a_run(server: LocalFlue) -> None:
    run_id = httpx.post(f"{server.url}/workflows/wait", json="recorded").json()["runId"]
    threading.Timer(0.1, gates["recorded"].set).start()
    taken = record(server.url, run_id)
    assert (taken.events[-1]["type"], taken.record["status"]) == ("run_end", "completed")


@pytest.mark.parametrize("input", ["x", "fail"])
def test_a_recorded_workflow_can_be_invoked_again(
    server: LocalFlue, odd_run: str, input: str
) -> None:
    taken = record(server.url, ended(server, "odd", input))
    again = replay(taken)
    with again.run():
        run_id = ended(again, "odd", "other input")
    assert run_id != taken.record["runId"]
    old, new = taken.events, again.events(run_id)
    assert [event["eventIndex"] for event in new] == [event["eventIndex"] for event in old]
    assert [event.get("message") for event in new] == [event.get("message") for event in old]
    for field in ("result", "error", "isError"):
        assert new[-1].get(field) == old[-1].get(field)


def test_a_replay_can_keep_the_recorded_pace_on_any_clock(server: LocalFlue) -> None:
    clock = VirtualClock(autojump=0.02)
    slow = LocalFlue(clock=clock)

    @slow.workflow("slow")
    async def slowly(run: RunContext) -> None:
        for _ in range(3):
            await run.asleep(20)
            run.log("tick")

    with slow.run() as url:
        taken = record(url, ended(slow, "slow"))
    again = replay(taken, server=LocalFlue(clock=clock), speed=2)
    with again.run():
        run_id = ended(again, "slow")
    assert again.record(run_id)["durationMs"] == 30_000


def test_a_refused_recording_is_an_error_and_no_file(server: LocalFlue, tmp_path: Path) -> None:
    with pytest.raises(FlueApiError, match="run_not_found"):
        record(server.url, "run_nope", tmp_path / "none.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_token_does_not_get_into_the_file(server: LocalFlue, tmp_path: Path) -> None:
    run_id = ended(server, "count", 1)
    server.token = "s3cret"
    record(server.url, run_id, tmp_path / "r", headers={"Authorization": "Bearer s3cret"})
    assert b"s3cret" not in (tmp_path / "r").read_bytes()


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"workflowName":1}\n{}', '{"workflowName":"w"}']
)
def test_a_file_that_is_no_recording_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.jsonl is not a recording"):
        Recording.load(file)
