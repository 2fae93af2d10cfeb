"""`examples/fan_out.py`: sends, replies, failures and checkpoints between Dask's processes."""

from __future__ import annotations

import subprocess
import sys

from flue_client_ext.testing import LocalFlue, Message, ModelError

from .support import EXAMPLES, LIMIT, environment


def test_admissions_errors_and_checkpoints_travel(flue_server: LocalFlue) -> None:
    @flue_server.agent
    def assistant(message: Message) -> str:
        if message.text == "fail":
            raise ModelError("overloaded")
        return f"answer to {message.text}"

    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "fan_out.py"), "one", "fail", "two"],
        env=environment(flue_server.url),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    one, failed, two, updates = done.stdout.splitlines()
    assert (one, two) == ("one answer to one", "two answer to two")
    assert failed.startswith("fail failed: ")
    assert "overloaded" in failed
    ids = flue_server.conversation_ids("assistant")
    assert [len(flue_server.submission_ids("assistant", id)) for id in ids] == [1, 1, 1]
    count, _, rest = updates.partition(" ")
    assert int(count) > 6
    assert rest == "updates, 0 new ones since"
