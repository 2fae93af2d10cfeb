"""A body that is written to a file as it comes, and kept only when it is whole."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueApiError,
    FlueConnectionError,
    FlueProtocolError,
    FlueTimeoutError,
)
from flue_client_ext._flue.download import Download
from flue_client_ext._values.steps import Call

from .conversing import ConversationPlay, operation
from .play import CUT


class Notebook:
    """A file that remembers what was done with it; `full` is how many bytes it has room for."""

    def __init__(self, full: int = 100) -> None:
        self.log: list[str] = []
        self.content = b""
        self._room = full

    def open(self) -> None:
        self.log.append("open")

    def write(self, content: bytes) -> None:
        if len(self.content) + len(content) > self._room:
            raise OSError("no space left")
        self.content += content

    def restart(self) -> None:
        self.content = b""

    def commit(self) -> None:
        self.log.append("commit")

    def discard(self) -> None:
        self.log.append("discard")


class SavePlay(ConversationPlay):
    """Does at once what the call wants to be done with the file."""

    def _turn(self, turn: Any) -> Any:
        super()._turn(turn)
        while isinstance(self.step, Call):
            self.called()
        return self.step


def saving(file: Notebook, backoff: BackoffOptions | None = None) -> ConversationPlay:
    return operation(
        lambda api: api.save_attachment("a1", Download(file, lambda function: function)),
        backoff,
        play=SavePlay,
    )


def test_a_file_is_kept_when_it_is_whole() -> None:
    file = Notebook()
    play = saving(file)
    assert play.asked[1] == "/attachments/a1"
    play.head(200, content_type="image/png")
    play.body(b"ab", b"cd")
    assert play.ended
    assert (file.content, file.log) == (b"abcd", ["open", "commit"])


def test_a_cut_body_is_begun_anew() -> None:
    file = Notebook()
    play = saving(file)
    play.head(200)
    play.reply(b"abc")
    play.fail(CUT)
    play.slept()
    play.head(200)
    play.body(b"xy")
    assert (file.content, file.log) == (b"xy", ["open", "commit"])


@pytest.mark.parametrize("status", [401, 404, 416])
def test_an_error_is_read_and_leaves_no_file(status: int) -> None:
    file = Notebook()
    play = saving(file)
    with pytest.raises(FlueApiError) as caught:
        play.error(status, "attachment_not_found")
    assert (caught.value.status, caught.value.type) == (status, "attachment_not_found")
    assert (file.content, file.log) == (b"", ["open", "discard"])


def test_a_busy_server_is_asked_again() -> None:
    file = Notebook()
    play = saving(file)
    play.answer(503, b"busy")
    play.slept()
    play.answer(200, b"ok")
    assert (file.content, file.log) == (b"ok", ["open", "commit"])


def test_the_last_failure_leaves_no_file() -> None:
    file = Notebook()
    play = saving(file, BackoffOptions(max_retries=0))
    play.head(200)
    play.reply(b"abc")
    with pytest.raises(FlueConnectionError):
        play.fail(CUT)
    assert file.log == ["open", "discard"]


def test_a_full_disk_ends_the_call_with_its_own_error() -> None:
    file = Notebook(full=3)
    play = saving(file)
    play.head(200)
    play.reply(b"abc")
    with pytest.raises(OSError, match="no space left"):
        play.reply(b"d")
    assert file.log == ["open", "discard"]


def test_a_body_beyond_all_measure_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure is that of an answer that is held; a body that is sent anew is counted anew."""
    monkeypatch.setattr("flue_client_ext._stream.call.MAX_BODY_BYTES", 4)
    file = Notebook()
    play = saving(file)
    play.head(200)
    play.reply(b"abcd")
    play.fail(CUT)
    play.slept()
    play.head(200)
    play.reply(b"abcd")
    with pytest.raises(FlueProtocolError, match="larger than 4 bytes"):
        play.reply(b"e")
    assert (file.content, file.log) == (b"abcd", ["open", "discard"])


def slow_disk(file: Notebook) -> ConversationPlay:
    """Leaves what is done with the file to the test."""
    return operation(
        lambda api: api.save_attachment("a1", Download(file, lambda function: function))
    )


@pytest.mark.parametrize("step", ["open", "write", "commit"])
def test_a_deadline_that_passes_at_the_disk_is_the_callers(step: str) -> None:
    file = Notebook()
    play = slow_disk(file)
    if step != "open":
        play.called()
        play.head(200)
        play.called()
        play.reply(b"ab")
    if step == "commit":
        play.called()
        play.reply(b"")
    with pytest.raises(FlueTimeoutError):
        play.deadline(sent=False)
    assert file.log[-1] == "discard"
    assert "commit" not in file.log


def test_a_call_that_is_given_up_leaves_no_file() -> None:
    file = Notebook()
    play = saving(file)
    play.head(200)
    play.reply(b"abc")
    play.conversation.close()
    assert file.log == ["open", "discard"]
