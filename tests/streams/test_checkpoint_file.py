"""`Checkpoint.save` and `load`: a process killed at any moment leaves a whole checkpoint."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import Checkpoint
from tests.servers.node import CHECKOUT

FIRST = Checkpoint(run_id="run_é", offset="0_5", event_index=5)
SECOND = Checkpoint(run_id="run_é", offset="0_6")

SAVES = """
import sys
from flue_client_ext import Checkpoint
path, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
Checkpoint("run_1", "0_0", first).save(path)
print("ready", flush=True)
for number in range(first, first + count):
    Checkpoint("run_1", f"0_{number}" * 50, number).save(path)
"""


def saver(path: Path, first: int, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SAVES, str(path), str(first), str(count)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
    )


@pytest.mark.parametrize("kind", [str, Path])
def test_a_saved_checkpoint_comes_back(tmp_path: Path, kind: Any) -> None:
    path = kind(tmp_path / "saved")
    assert Checkpoint.load(path) is None
    for checkpoint in (FIRST, SECOND, FIRST):
        checkpoint.save(path)
        assert Checkpoint.load(path) == checkpoint
    assert os.listdir(tmp_path) == ["saved"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"runId":1}', FIRST.to_json()[:-3]])
def test_a_file_that_holds_no_checkpoint_is_named(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"broken\.json"):
        Checkpoint.load(path)


def test_other_failures_are_the_system_s_own(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Checkpoint.load(tmp_path)
    with pytest.raises(OSError, match="directory"):
        FIRST.save(tmp_path / "no such folder" / "saved")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        FIRST.save(folder)
    assert os.listdir(tmp_path) == ["folder"]


def test_killed_processes_leave_a_whole_checkpoint(tmp_path: Path) -> None:
    path, dice = tmp_path / "saved", random.Random(5)
    for life in range(12):
        process = saver(path, life * 100_000, 100_000)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            process.wait(dice.random() * 0.05)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        checkpoint = Checkpoint.load(path)
        assert checkpoint is not None
        assert (checkpoint.event_index or 0) // 100_000 == life
        assert len(os.listdir(tmp_path)) <= 2
    FIRST.save(path)
    assert os.listdir(tmp_path) == ["saved"]


def test_processes_and_threads_that_save_at_once_do_not_collide(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    processes = [saver(path, number * 1000, 60) for number in range(3)]
    failures: list[BaseException] = []

    def save(number: int) -> None:
        try:
            for offset in range(60):
                Checkpoint("run_1", f"{offset}", number).save(path)
                assert Checkpoint.load(path) is not None
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=save, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for process in processes:
        with process:
            assert process.wait() == 0
    assert Checkpoint.load(path) is not None
    assert os.listdir(tmp_path) == ["saved"]


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    (tmp_path / ".saved.tmp").write_text("much longer than a checkpoint, and broken " * 20)
    FIRST.save(path)
    assert Checkpoint.load(path) == FIRST
    assert os.listdir(tmp_path) == ["saved"]


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "saved", tmp_path / "link"
    before = os.umask(0o027)
    try:
        FIRST.save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    link.symlink_to(path)
    SECOND.save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert Checkpoint.load(path) == SECOND


def test_a_failed_save_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "saved"
    FIRST.save(path)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        SECOND.save(path)
    assert Checkpoint.load(path) == FIRST
    assert os.listdir(tmp_path) == ["saved"]


def test_it_reaches_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def renamed(old: str, new: str) -> None:
        calls.append("rename")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    FIRST.save(tmp_path / "saved")
    assert calls == ["file", "rename", "folder"]
