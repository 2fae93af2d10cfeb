"""`map` and `ask-all`: results in a file, which a later call completes."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from flue_client_ext.cli.map import command as map_command
from flue_client_ext.runs import Runs
from flue_client_ext.workflows import Workflows

from .conftest import Local
from .terminal import Terminal, environment, piped


def write(path: Path, values: list[Any]) -> None:
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_batch_does_what_is_missing_and_keeps_the_order(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    inputs, results = tmp_path / "inputs.jsonl", tmp_path / "inputs.results.jsonl"
    write(inputs, [3, 1, {"b": 1, "a": 2}, 1, "x"])
    command = ("map", "echo", "inputs.jsonl")
    ran = piped(*command, env=env, cwd=tmp_path)
    summary = {"total": 5, "succeeded": 5, "failed": 0, "results": "inputs.results.jsonl"}
    assert (ran.returncode, json.loads(ran.stdout)) == (0, summary)
    assert ran.stderr.splitlines()[-1].startswith("5/5 done")
    first = read(results)
    assert [record["result"] for record in first] == [3, 1, {"b": 1, "a": 2}, 1, "x"]
    assert len({record["runId"] for record in first}) == 5

    write(inputs, [1, "new", {"a": 2, "b": 1}, 1, 1, 3])
    ran = piped(*command, env=env, cwd=tmp_path)
    assert "4 of 6 are done already" in ran.stderr
    second = read(results)
    assert [record["result"] for record in second] == [1, "new", {"b": 1, "a": 2}, 1, 1, 3]
    assert [record["index"] for record in second] == list(range(6))
    known = {record["runId"] for record in first}
    assert [record["runId"] in known for record in second] == [True, False, True, True, False, True]

    other = piped("map", "summarize", "inputs.jsonl", env=env, cwd=tmp_path)
    assert (other.returncode, "something else" in other.stderr) == (1, True)
    assert read(results) == second


def test_a_killed_batch_is_completed_without_a_second_run(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    names = [f"batch-{number}" for number in range(5)]
    write(tmp_path / "in.jsonl", names)
    command = ("map", "held", "in.jsonl", "--concurrency", "3")
    local.let("batch-0")
    with Terminal(*command, env=env, cwd=tmp_path) as terminal:
        terminal.expect("1/5 done")
        terminal.until(lambda: "batch-3" in local.started, "the fourth run")
        begun = tmp_path / "in.results.jsonl.begun"
        terminal.until(lambda: len(read(begun)) == 4, "the fourth id")
        terminal.kill()
    with (tmp_path / "in.results.jsonl").open("a") as file:
        file.write('{"key": "a line that was being writ')
    local.let("batch-1")
    with Terminal(*command, env=env, cwd=tmp_path, size=(24, 200)) as terminal:
        terminal.expect("1 of 5 are done already")
        terminal.expect("2/5 done")
        terminal.interrupt()
        assert terminal.ended() == 130
        assert "give the same command" in terminal.screen.text
    for name in names:
        local.let(name)
    ran = piped(*command, env=env, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    results = read(tmp_path / "in.results.jsonl")
    assert [record["result"] for record in results] == [{"held": name} for name in names]
    assert [local.started.count(name) for name in names] == [1] * 5
    assert not begun.exists()


def test_what_has_failed_is_tried_again_unless_it_is_kept(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n\n{"nonsense": 1}\n')
    command = ("map", "summarize", "in.jsonl", "--output", "out.jsonl")
    ran = piped(*command, env=env, cwd=tmp_path)
    assert (ran.returncode, json.loads(ran.stdout)["failed"]) == (1, 1)
    assert "✗ line 3:" in ran.stderr
    good, bad = read(tmp_path / "out.jsonl")
    assert (good["result"], bad["error"]["type"]) == ({"summary": "a"}, "FlueApiError")
    assert bad["error"]["status"] == 500
    kept = piped(*command, "--keep-failed", env=env, cwd=tmp_path)
    assert "2 of 2 are done already" in kept.stderr
    again = piped(*command, env=env, cwd=tmp_path)
    assert "1 of 2 are done already" in again.stderr


def test_a_server_that_refuses_everything_ends_a_batch(local: Local, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", list(range(100)))
    ran = piped("map", "unknown", "in.jsonl", env=environment(local.url), cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "404 workflow_not_found" in ran.stderr
    assert "The last 20 requests have failed" in ran.stderr
    assert 19 <= len(read(tmp_path / "in.results.jsonl")) < 40


def test_a_batch_without_a_server_names_the_doctor(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [1, 2])
    nowhere = environment("http://127.0.0.1:1")
    for options, named in (((), True), (("--quiet",), False)):
        ran = piped("map", "echo", "in.jsonl", *options, env=nowhere, cwd=tmp_path)
        assert (ran.returncode, json.loads(ran.stdout)["failed"]) == (1, 2)
        assert ("flue-client doctor" in ran.stderr) is named


def test_a_batch_does_as_many_at_a_time_as_the_library() -> None:
    (option,) = (each for each in map_command.params if each.name == "concurrency")
    for call in (Workflows.map, Runs.wait_all, Runs.as_completed):
        assert inspect.signature(call).parameters["concurrency"].default == option.default


def test_ids_are_checked_before_anything_is_sent(local: Local, tmp_path: Path) -> None:
    for id, words in (("..", "it would address another route"), ("first", "ids must differ")):
        items = [{"message": "x", "id": "first"}, {"message": "y", "id": id}]
        write(tmp_path / "in.jsonl", items)
        ran = piped("ask-all", "slow", "in.jsonl", env=environment(local.url), cwd=tmp_path)
        assert (ran.returncode, words in ran.stderr) == (1, True)
    assert not (tmp_path / "in.results.jsonl").exists()


def test_messages_are_sent_once_by_two_processes(local: Local, tmp_path: Path) -> None:
    env = environment(local.url)
    texts = ["ask-all-0", "ask-all-1", "ask-all-1"]
    write(tmp_path / "in.jsonl", [{"message": texts[0], "id": "mine"}, *texts[1:]])
    command = ("ask-all", "slow", "in.jsonl")
    local.let("ask-all-0")
    with Terminal(*command, env=env, cwd=tmp_path) as terminal:
        terminal.expect("1/3 done")
        terminal.kill()
    local.let("ask-all-1")
    ran = piped(*command, env=env, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    results = read(tmp_path / "in.results.jsonl")
    assert [record["text"] for record in results] == ["Beginning and end."] * 3
    ids = [record["id"] for record in results]
    assert ids[0] == "mine"
    assert len(set(ids)) == 3
    assert [len(local.flue.submission_ids("slow", id)) for id in ids] == [1, 1, 1]
