"""`examples/batch.py`: hundreds of questions, each asked once, whatever kills the process."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext.testing import LocalFlue, Message, ModelError

from .support import LIMIT, command, environment, load, until


@pytest.fixture(scope="module")
def batch() -> Any:
    return load("batch")


def write_questions(folder: Path, count: int) -> tuple[Path, Path]:
    """Return the file of questions, and where the answers go."""
    questions = folder / "questions.txt"
    questions.write_text("".join(f"question {number}\n" for number in range(count)))
    return questions, folder / "answers.jsonl"


def answers_in(file: Path) -> dict[str, str]:
    lines = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    found = {line["question"]: line["text"] for line in lines}
    assert len(found) == len(lines)
    return found


def messages_sent(server: LocalFlue) -> int:
    ids = server.conversation_ids("assistant")
    return sum(len(server.submission_ids("assistant", id)) for id in ids)


def test_hundreds_of_questions_are_answered_and_not_asked_again(
    batch: Any,
    flue_server: LocalFlue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @flue_server.agent
    def assistant(message: Message) -> str:
        return f"answer to {message.text}"

    monkeypatch.setenv("FLUE_BASE_URL", flue_server.url)
    questions, answers = write_questions(tmp_path, 300)
    assert batch.main([str(questions), str(answers)]) == 0
    assert "300/300, " in capsys.readouterr().err
    expected = {f"question {n}": f"answer to question {n}" for n in range(300)}
    assert answers_in(answers) == expected
    asked = len(flue_server.requests)
    assert batch.main([str(questions), str(answers)]) == 0
    assert (len(flue_server.requests), messages_sent(flue_server)) == (asked, 300)


def test_what_a_killed_process_has_sent_is_not_sent_again(
    batch: Any, flue_server: LocalFlue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()

    @flue_server.agent
    def assistant(message: Message) -> str:
        if int(message.text.split()[1]) >= 20:
            held.wait(LIMIT)
        return "done"

    questions, answers = write_questions(tmp_path, 40)
    process = subprocess.Popen(
        command("batch", questions, answers, "--concurrency", "4"),
        env=environment(flue_server.url),
        stderr=subprocess.DEVNULL,
    )
    until(lambda: messages_sent(flue_server) == 24)
    process.kill()
    process.wait(LIMIT)
    held.set()
    with answers.open("a") as file:
        file.write('{"question": "question 3')  # as a process leaves it that is killed in a write
    monkeypatch.setenv("FLUE_BASE_URL", flue_server.url)
    assert batch.main([str(questions), str(answers)]) == 0
    assert messages_sent(flue_server) == 40
    assert batch.answered(answers) == {f"question {n}" for n in range(40)}


def test_what_has_failed_is_asked_anew_by_another_attempt(
    batch: Any, flue_server: LocalFlue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    @flue_server.agent
    def assistant(message: Message) -> str:
        tried.append(message.text)
        if tried.count("question 1") == 1 and message.text == "question 1":
            raise ModelError("overloaded")
        return "done"

    monkeypatch.setenv("FLUE_BASE_URL", flue_server.url)
    questions, answers = write_questions(tmp_path, 3)
    assert batch.main([str(questions), str(answers)]) == 1
    assert batch.main([str(questions), str(answers)]) == 1
    assert tried.count("question 1") == 1
    assert batch.main([str(questions), str(answers), "--attempt", "2"]) == 0
    assert sorted(tried) == ["question 0", "question 1", "question 1", "question 2"]
