"""The guides, run: every Python block of `docs/testing.md` and its commands, and the tests that
`docs/conversations.md` shows."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest

from flue_client_ext.testing import demo_server, faults
from flue_client_ext.testing._cli import arguments
from tests.docs.blocks import DOCS, ROOT, Block, blocks
from tests.local.support import ended
from tests.local.test_cli import FLOWS, serving

TESTING = DOCS / "testing.md"
GUIDE = TESTING.read_text()

#: The plugin comes by its entry point where the package is installed, by name where it is not.
PLUGIN = (
    []
    if entry_points(group="pytest11", name="flue_client")
    else ["-p", "flue_client_ext.testing._pytest"]
)


pytest_plugins = ["pytester"]


def run_examples(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, examples: list[Block]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    tests = 0
    for number, example in enumerate(examples):
        block = example.code
        if example.has_tests:
            pytester.makepyfile(**{f"test_example_{number}": block})
            tests += block.count("def test_") + 2 * block.count("parametrize")
            tests += block.count("mark.anyio")  # on asyncio and on trio
            tests += block.count("fixture(params=")  # of two values
        else:
            script = f"import runpy\ndef test_script():\n    runpy.run_path('script_{number}.py')\n"
            pytester.makepyfile(**{f"script_{number}": block, f"test_script_{number}": script})
            tests += 1
    assert tests
    ran = pytester.runpytest_subprocess("-q", "-W", "error", *PLUGIN, timeout=120)
    ran.assert_outcomes(passed=tests)


def test_every_python_example_passes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_examples(pytester, monkeypatch, blocks(TESTING))


def test_the_tests_that_the_guide_to_conversations_shows_pass(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = blocks(DOCS / "conversations.md")
    run_examples(pytester, monkeypatch, [block for block in shown if block.has_tests])


def test_every_fault_is_in_the_table_with_an_example_that_evaluates() -> None:
    examples = re.findall(r"^\| `(faults\..*?)` \|", GUIDE, re.M)
    shown = {type(eval(example, {"faults": faults})).__name__ for example in examples}
    public = (getattr(faults, name) for name in faults.__all__)
    kinds = {kind for kind in public if isinstance(kind, type) and issubclass(kind, faults.Fault)}
    assert shown == {kind.__name__ for kind in kinds} - {"Fault"}


def test_every_command_is_understood() -> None:
    commands = re.findall(
        r"^\$ flue-client (.*)$",
        "\n".join(block.code for block in blocks(TESTING, "console")),
        re.M,
    )
    assert [arguments(shlex.split(command)).command for command in commands] == [
        "record",
        "replay",
        "dev",
        "dev",
    ]


def test_the_commands_of_the_guide_do_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "my_flows.py").write_text(FLOWS)
    with serving(tmp_path, "dev", "my_flows:server") as (url, _):
        assert httpx.post(f"{url}/workflows/hello", json="x").status_code == 202


def test_what_is_ready_is_what_the_guide_names() -> None:
    server = demo_server()
    assert all(f"`{name}`" in GUIDE for name in (*server.workflows, *server.agents))
    with server.run():
        assert server.record(ended(server, "countdown", {"start": 0}))["status"] == "completed"
