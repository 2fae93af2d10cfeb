"""`Checkpoint.save` and `load`: a process killed at any moment leaves a whole checkpoint."""

from __future__ import annotations

import fcntl
import os
import random
import select
import signal
import stat
import subprocess
import sys
import tempfile
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


#: The signal comes in the middle of a save.
SIGNALLED = """
import os, signal, sys
from flue_client_ext import Checkpoint
path, sync, calls = sys.argv[1], os.fsync, []
def handler(*_):
    Checkpoint("run_1", "0_1", 1).save(path)
    assert Checkpoint.load(path).event_index == 1
    calls.append("handler")
    if sys.argv[2] == "exit":
        sys.exit(3)
def interrupted(descriptor):
    os.fsync = sync
    signal.raise_signal(signal.SIGTERM)
    sync(descriptor)
signal.signal(signal.SIGTERM, handler)
os.fsync = interrupted
Checkpoint("run_1", "0_2", 2).save(path)
assert calls == ["handler"], calls
"""
#: A child that lives on has the descriptors of a parent that is killed in the middle of a save.
FORKED = """
import os, signal, sys
from flue_client_ext import Checkpoint
def killed(descriptor):
    if os.fork() == 0:
        os.close(1)
        sys.stdin.read()
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = killed
Checkpoint("run_1", "0_1", 1).save(sys.argv[1])
"""


def saver(path: Path, first: int, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SAVES, str(path), str(first), str(count)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
    )


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_a_saved_checkpoint_comes_back(tmp_path: Path, kind: Any) -> None:
    path = kind(tmp_path / "saved")
    assert Checkpoint.load(path) is None
    for checkpoint in (FIRST, SECOND, FIRST):
        checkpoint.save(path)
        assert Checkpoint.load(path) == checkpoint
    assert os.listdir(tmp_path) == ["saved"]


BROKEN = [b"", b"{", b"\xff\xfe", b'{"runId":1}', FIRST.to_json()[:-3]]
BROKEN += [FIRST.to_json().replace(*change) for change in (("0_5", ""), (" 5", " -5"))]


@pytest.mark.parametrize("content", BROKEN)
def test_a_file_that_holds_no_checkpoint_is_named(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"broken\.json"):
        Checkpoint.load(path)


def test_other_failures_are_the_system_s_own(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Checkpoint.load(tmp_path)
    missing = tmp_path / "no such folder" / "saved"
    with pytest.raises(FileNotFoundError) as raised:
        FIRST.save(missing)
    assert raised.value.filename == str(missing)
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


def test_the_file_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    (tmp_path / ".saved.tmp").write_text("much longer than a checkpoint, and broken " * 20)
    FIRST.save(path)
    assert Checkpoint.load(path) == FIRST
    assert os.listdir(tmp_path) == ["saved"]


@pytest.mark.parametrize(("then", "code", "index"), [("return", 0, 2), ("exit", 3, 1)])
def test_a_signal_handler_saves_while_it_interrupts_a_save(
    tmp_path: Path, then: str, code: int, index: int
) -> None:
    path = tmp_path / "saved"
    command = [sys.executable, "-c", SIGNALLED, str(path), then]
    assert subprocess.run(command, cwd=CHECKOUT, timeout=120).returncode == code
    saved = Checkpoint.load(path)
    assert saved is not None
    assert saved.event_index == index
    assert os.listdir(tmp_path) == ["saved"]


def test_a_child_with_a_killed_parent_s_descriptors_blocks_no_save(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    command = [sys.executable, "-c", FORKED, str(path)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.read() == b""  # the parent has ended, the child closed its own
        other = saver(path, 7, 1)
        with other:
            assert other.wait(120) == 0
        saved = Checkpoint.load(path)
        assert saved is not None
        assert saved.event_index == 7
        assert sorted(os.listdir(tmp_path)) == [".saved.tmp", "saved"]
    for _ in range(400):  # until the child has ended, too
        FIRST.save(path)
        if os.listdir(tmp_path) == ["saved"]:
            break
        select.select([], [], [], 0.05)
    assert os.listdir(tmp_path) == ["saved"]


def make_folder(leftover: Path) -> None:
    leftover.mkdir()


def make_link(leftover: Path) -> None:
    leftover.symlink_to(leftover.parent / "elsewhere")


def make_locked(leftover: Path) -> None:
    descriptor = os.open(leftover, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # until the test process ends


def make_strange(leftover: Path) -> None:
    leftover.touch(0o666)
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(leftover, 1234, -1)


@pytest.mark.parametrize("make", [make_folder, make_link, make_locked, make_strange])
def test_what_has_the_temporary_file_s_name_is_neither_used_nor_removed(
    tmp_path: Path, make: Any
) -> None:
    leftover, path = tmp_path / ".saved.tmp", tmp_path / "saved"
    make(leftover)
    before = leftover.lstat()
    for checkpoint in (FIRST, SECOND):
        checkpoint.save(path)
        assert Checkpoint.load(path) == checkpoint
    assert leftover.lstat() == before
    assert sorted(os.listdir(tmp_path)) == [".saved.tmp", "saved"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_saves_where_root_was_killed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = Path(folder, "saved")
        Path(folder, ".saved.tmp").touch(0o644)
        os.seteuid(1234)
        try:
            FIRST.save(path)
        finally:
            os.seteuid(0)
        assert path.stat().st_uid == 1234
        path.chmod(0o600)
        SECOND.save(path)
        assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (1234, 0o600)
        assert Checkpoint.load(path) == SECOND
        assert os.listdir(folder) == ["saved"]


def test_a_leftover_s_own_mode_is_not_taken_over(tmp_path: Path) -> None:
    path, leftover = tmp_path / "saved", tmp_path / ".saved.tmp"
    leftover.touch()
    leftover.chmod(0o666)
    before = os.umask(0o077)
    try:
        FIRST.save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["saved"]


def test_every_name_that_the_system_takes_will_do(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    FIRST.save(path)
    assert Checkpoint.load(path) == FIRST
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("path", [5, None])
def test_a_path_is_a_name(path: Any) -> None:
    with pytest.raises(TypeError, match="PathLike"):
        FIRST.save(path)
    with pytest.raises(TypeError, match="PathLike"):
        Checkpoint.load(path)


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
