"""Every code block of every page runs: scripts, tests, commands, and what is for browsers and Node.

How, is decided by a block's language and by the word behind it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flue_client_ext import FlueClient
from flue_client_ext.testing import LocalFlue, demo_server
from tests.local.support import BY_NAME
from tests.servers.node import run_node

from .blocks import ROOT, Block, every_block, pages, run_scripts, scripts
from .shell import examples, run, understood

PAGES = pages()
BLOCKS = [block for page in PAGES for block in every_block(page)]
RUN_HERE = {("python", ""), ("console", ""), ("console", "parsed"), ("js", ""), ("ts", "")}
NO_CODE = {("text", "")}

pytest_plugins = ["pytester"]

#: What a browser has and Node has not, and what the page leaves to its reader.
BROWSER = """
const rendered = [];
globalThis.render = (messages, busy) => rendered.push([messages, busy]);
globalThis.EventSource = class { constructor(url) { globalThis.source = this; } };
"""
MESSAGE = """
const data = JSON.stringify({ order: ["b", "a"], changed: [{ id: "a" }, { id: "b" }], busy: true });
source.onmessage({ data });
console.log(JSON.stringify(rendered));
"""


def of(language: str, mark: str = "") -> list[Block]:
    return [block for block in BLOCKS if (block.language, block.mark) == (language, mark)]


def documents(several: list[Block]) -> list[Path]:
    return list(dict.fromkeys(block.document for block in several))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def server() -> Iterator[LocalFlue]:
    server = demo_server(delta_hold=0.0)
    with server.run():
        yield server
    server.close()


def test_every_block_is_run_by_something() -> None:
    """A block with a mark of its own is run by the module of these tests that names the mark."""
    kinds = {(block.language, block.mark) for block in BLOCKS}
    assert kinds >= RUN_HERE
    modules = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    for language, mark in kinds - RUN_HERE - NO_CODE:
        assert mark, language
        assert f'"{mark}"' in modules


def test_no_page_has_code_outside_of_fences() -> None:
    for page in PAGES:
        fences = [line for line in page.read_text().splitlines() if line.startswith("```")]
        assert len(fences) == 2 * len(every_block(page)), page
        outside = page.read_text().split("```")[::2]
        commands = ("    flue-client", "    make", "    pip", "    export", "    eval")
        assert not [
            line for part in outside for line in part.splitlines() if line.startswith(commands)
        ]


@pytest.mark.parametrize("page", [page for page in PAGES if scripts(page)], ids=name)
def test_the_scripts_of_a_page_run_as_they_stand(
    page: Path, server: LocalFlue, tmp_path: Path
) -> None:
    """One after another, on a server on which the conversation of the examples has begun."""
    with FlueClient(server.url) as client:
        client.agents.conversation("assistant", "ticket-42").ask("hello")
    found = scripts(page)
    for block, printed in zip(found, run_scripts(found, tmp_path, server.url), strict=True):
        assert printed.strip() or ".write_text(" in block.code, block.name


def test_the_tests_that_pages_show_pass(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shown = [block for block in of("python") if block.has_tests]
    tests = 0
    for block in shown:
        pytester.makepyfile(**{f"test_{block.name}": block.code})
        tests += block.code.count("def test_") + 2 * block.code.count("parametrize")
        tests += block.code.count("mark.anyio")  # on asyncio and on trio
        tests += block.code.count("fixture(params=")  # of two values
    assert {"testing", "conversations", "tutorial"} <= {block.document.stem for block in shown}
    ran = pytester.runpytest_subprocess("-q", "-W", "error", *BY_NAME, "-p", "anyio", timeout=120)
    ran.assert_outcomes(passed=tests)


@pytest.mark.parametrize("page", documents(of("console")), ids=name)
def test_the_commands_of_a_page_print_what_it_shows(
    page: Path, server: LocalFlue, tmp_path: Path
) -> None:
    shown = examples(block for block in of("console") if block.document == page)
    if any("jq" in each.command for each in shown) and shutil.which("jq") is None:
        pytest.skip("the page pipes into jq: install it")
    for each, printed in zip(shown, run(shown, tmp_path, server.url), strict=True):
        assert each.matches(printed), (each, printed)


def test_commands_that_install_or_serve_are_understood() -> None:
    commands = [each.command for each in examples(of("console", "parsed"))]
    assert [command for command in commands if not understood(command)] == []


@pytest.mark.parametrize("block", of("js"), ids=lambda block: block.name)
def test_a_script_for_browsers_renders_what_it_receives(block: Block, tmp_path: Path) -> None:
    script = tmp_path / "page.mjs"
    script.write_text(BROWSER + block.code + MESSAGE)
    assert run_node(script, cwd=tmp_path) == '[[[{"id":"b"},{"id":"a"}],true]]\n'


@pytest.mark.parametrize("block", of("ts"), ids=lambda block: block.name)
def test_exports_of_a_workflow_let_a_request_pass(block: Block, tmp_path: Path) -> None:
    tmp_path.joinpath("workflow.mjs").write_text(block.code)
    script = tmp_path / "app.mjs"
    script.write_text(
        'import * as workflow from "./workflow.mjs";\n'
        'for (const name of ["route", "runs"]) console.log(await workflow[name]({}, () => name));\n'
    )
    assert run_node(script, cwd=tmp_path) == "route\nruns\n"
