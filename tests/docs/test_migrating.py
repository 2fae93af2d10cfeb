"""`docs/migrating.md`: both sides of an example print the same, every name of theirs is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flue_client_ext import FlueClient
from flue_client_ext.testing import demo_server
from tests.servers.node import install, run_node
from tests.servers.sdk_fold import PROJECT

from .blocks import DOCS, blocks, run_script

PAGE = DOCS / "migrating.md"
SDKS = {"sdk2": "@flue/sdk", "sdk1": "sdk-beta"}
#: Types of parts of what the page names, which have no use of their own.
PARTS_OF_OTHERS = re.compile(
    r"type (Llm\w+|Model\w+|\w+Options|\w+Phase|\w+Mode|\w+Target|\w+Failure|RequestHeaders"
    r"|RunStatus|DeliveredMessage|FlueClient|Flue(Public|Serialized)Error|AgentAbortResult|AttachedAgentEvent"
    r"|AgentPromptResult|FlueEventStream|AgentConversationObservation|AgentSubmissionSettledEvent)"
)


def installed(sdk: str) -> Path:
    return install(PROJECT) / "node_modules" / sdk


@pytest.mark.parametrize("mark", SDKS)
def test_both_sides_print_the_same(
    mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (theirs,) = [block for block in blocks(PAGE, "ts") if block.mark == mark]
    (ours,) = [block for block in blocks(PAGE) if block.mark == mark]
    modules = tmp_path / "node_modules"
    modules.joinpath("@flue").mkdir(parents=True)
    modules.joinpath("@flue/sdk").symlink_to(installed(SDKS[mark]))
    script = tmp_path / "theirs.mjs"
    script.write_text(theirs.code)
    server = demo_server(delta_hold=0, generation="2" if mark == "sdk2" else "beta.8")
    with server.run() as url:
        monkeypatch.setenv("FLUE_BASE_URL", url)
        printed = run_node(script, cwd=tmp_path, timeout=60)
        assert printed.strip()
        assert run_script(ours, tmp_path, url) == printed
    server.close()


@pytest.mark.parametrize("sdk", SDKS.values())
def test_every_public_name_of_theirs_is_on_the_page(sdk: str) -> None:
    types = installed(sdk).joinpath("dist/index.d.mts").read_text()
    exported = types[types.rindex("export {") + 8 :].partition("}")[0]
    names = [name.strip() for name in exported.split(",")]
    named = [name for name in names if not PARTS_OF_OTHERS.fullmatch(name)]
    assert len(named) > 10
    told = PAGE.read_text()
    assert [each for each in named if each.removeprefix("type ") not in told] == []


@pytest.mark.parametrize("sdk", SDKS.values())
def test_every_method_of_theirs_is_on_the_page(sdk: str) -> None:
    types = installed(sdk).joinpath("dist/index.d.mts").read_text()
    (client,) = re.findall(r"^interface FlueClient \{$(.*?)^\}$", types, re.M | re.S)
    code = re.sub(r"/\*.*?\*/", "", client, flags=re.S)
    methods = re.findall(r"^\s*(\w+)(?:<[^(]*>)?\(", code, re.M)
    assert len(methods) > 6
    told = PAGE.read_text()
    assert [name for name in methods if f"`{name}(" not in told and f".{name}(" not in told] == []


def test_every_call_that_the_page_promises_exists() -> None:
    cells = re.findall(r"^\| [^|]+ \| ([^|]+) \|", PAGE.read_text(), re.M)
    calls = re.findall(r"`(?:client\.)?(agents|workflows|runs)\.(\w+)", " ".join(cells))
    assert len(calls) > 15
    with FlueClient("http://h") as client:
        for namespace, name in calls:
            assert callable(getattr(getattr(client, namespace), name))
