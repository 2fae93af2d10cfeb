"""Who may read the files that the client writes, and what may stand in their way."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flue_client_ext import Checkpoint
from tests.unary.support import failure

SAVED = Checkpoint("run_1", "o1", 3)


@contextmanager
def _umask(mask: int) -> Iterator[Path]:
    before = os.umask(mask)
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    finally:
        os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _new() -> str:
    for mask, mode in ((0o077, 0o600), (0o022, 0o644)):
        with _umask(mask) as folder:
            path = folder / "saved.json"
            SAVED.save(path)
            assert _mode(path) == mode
            assert list(folder.iterdir()) == [path]
    return "has the mode that the umask leaves of 0666, as any file; it holds no secret"


def _replaced() -> str:
    with _umask(0o022) as folder:
        path = folder / "saved.json"
        path.write_text("{}")
        path.chmod(0o600)
        SAVED.save(path)
        assert _mode(path) == 0o600
    return "keeps its mode and its owner"


def _symbolic_links() -> str:
    with _umask(0o022) as folder:
        target, path = folder / "target.json", folder / "link.json"
        target.write_text("{}")
        path.symlink_to(target)
        SAVED.save(path)
        assert path.is_symlink() and Checkpoint.load(target) == SAVED
        victim = folder / "victim"
        victim.write_text("precious")
        (folder / ".other.json.tmp").symlink_to(victim)
        SAVED.save(folder / "other.json")
        assert victim.read_text() == "precious"
        assert Checkpoint.load(folder / "other.json") == SAVED
    return "a link to the file is kept; one in the place of the temporary file is not followed"


def _strange_content() -> str:
    with _umask(0o022) as folder:
        path = folder / "saved.json"
        for content in (b"", b"null", b"[" * 100_000, b"\xff", b'{"runId":"r"}', b'{"runId":1}'):
            path.write_bytes(content)
            error = failure(Checkpoint.load, path)
            assert isinstance(error, ValueError) and str(path) in str(error)
    return "read as data: what is no checkpoint is a `ValueError`, and nothing is unpickled"


CHECKS: dict[str, Callable[..., str]] = {}
PURE: dict[str, Callable[[], str]] = {
    "new checkpoint file": _new,
    "checkpoint file that is replaced": _replaced,
    "symbolic links": _symbolic_links,
    "checkpoint file with strange content": _strange_content,
}
