"""What `docs/testing.md` names exists: faults, commands, workflows and agents that are ready.

Its code blocks are run by `tests/docs/test_pages.py`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx

from flue_client_ext.testing import demo_server, faults
from tests.docs.blocks import DOCS
from tests.local.support import ended
from tests.local.test_cli import FLOWS, serving

GUIDE = (DOCS / "testing.md").read_text()


def test_every_fault_is_in_the_table_with_an_example_that_evaluates() -> None:
    examples = re.findall(r"^\| `(faults\..*?)` \|", GUIDE, re.M)
    shown = {type(eval(example, {"faults": faults})).__name__ for example in examples}
    public = (getattr(faults, name) for name in faults.__all__)
    kinds = {kind for kind in public if isinstance(kind, type) and issubclass(kind, faults.Fault)}
    assert shown == {kind.__name__ for kind in kinds} - {"Fault"}


def test_the_commands_of_the_guide_do_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "my_flows.py").write_text(FLOWS)
    with serving(tmp_path, "dev", "my_flows:server") as (url, _):
        assert httpx.post(f"{url}/workflows/hello", json="x").status_code == 202


def test_what_is_ready_is_what_the_guide_names() -> None:
    server = demo_server()
    assert all(f"`{name}`" in GUIDE for name in (*server.workflows, *server.agents))
    with server.run():
        assert server.record(ended(server, "countdown", {"start": 0}))["status"] == "completed"


def test_the_ready_workflows_take_the_inputs_that_the_guide_shows() -> None:
    guide = (DOCS / "workflows.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `({.*?})` \|", guide, re.M)
    server = demo_server()
    assert {name for name, _ in rows} == set(server.workflows)
    with server.run() as url:
        for name, shown in rows:
            invoked = httpx.post(f"{url}/workflows/{name}", json=json.loads(shown))
            assert invoked.status_code == 202
            bare = httpx.post(f"{url}/workflows/{name}")
            assert bare.status_code == (500 if name == "summarize" else 202)
    server.close()
