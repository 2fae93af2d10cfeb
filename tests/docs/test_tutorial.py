"""The job of the tutorial is done once, however often its process is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from flue_client_ext.testing import demo_server

from .blocks import DOCS, blocks, run_script


def test_a_job_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    (job,) = [block for block in blocks(DOCS / "tutorial.md") if block.mark == "job"]
    with demo_server().run() as url:
        (tmp_path / "job.py").write_text(job.code)
        killed = subprocess.Popen(
            [sys.executable, "job.py"],
            cwd=tmp_path,
            env={**os.environ, "FLUE_BASE_URL": url},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert killed.stdout is not None
        first = killed.stdout.readline().split()
        killed.kill()
        assert killed.stdout.read() == ""
        killed.wait(60)
        killed.stdout.close()
        second = run_script(job, tmp_path, url)
    assert first[0] == "accepted"
    assert second.startswith(f"accepted before {first[1]}\nYou said: Say: refund")
