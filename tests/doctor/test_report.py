"""The report itself: what it holds, that it holds no secret, and that making it changes nothing."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest

from flue_client_ext import FlueApiError, FlueClient, doctor
from flue_client_ext._doctor.finding import LEVELS
from flue_client_ext.testing import LocalFlue
from tests.servers.connection import Connection, Request
from tests.servers.raw import RawServer

from .conftest import Served
from .support import only, report, wrong

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "doctor.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \| (\w+) \| .+ \| `(\w+\.py)::(\w+)` \|$", PAGE, re.MULTILINE)
CANARY = "canary5f1d8c0b3e7a49f2a6d4"


def test_the_page_lists_every_finding_with_its_level() -> None:
    assert {code: level for code, level, _, _ in ROWS} == LEVELS
    assert len(ROWS) == len(LEVELS)


def test_every_finding_is_provoked_by_the_test_that_the_page_names() -> None:
    for code, _, file, name in ROWS:
        text = (Path(__file__).parent / file).read_text()
        assert f"def {name}(" in text, name
        assert f'"{code}"' in text, code


def test_a_report_is_json_and_pickles(workflows: Served) -> None:
    made = report(workflows.url, agent="none")
    assert pickle.loads(pickle.dumps(made)) == made
    value = json.loads(json.dumps(made.to_dict()))
    assert value == made.to_dict()
    assert value["base_url"] == made.base_url == workflows.url
    assert value["healthy"] is made.healthy is False
    assert [each["code"] for each in value["findings"]] == [each.code for each in made.findings]
    assert {*value["findings"][0]} == {"code", "level", "words", "advice", "facts"}
    assert len({*made.findings}) == len(made.findings)


def test_the_public_names_of_the_module() -> None:
    assert sorted(doctor.__all__) == ["Finding", "Report", "diagnose"]
    assert doctor.Finding.__module__ == doctor.Report.__module__ == "flue_client_ext.doctor"


def test_nothing_is_started_or_changed(workflows: Served, agents: LocalFlue) -> None:
    runs = workflows.server.run_ids()
    before = agents.snapshot("echo", "c1")
    report(workflows.url, run_id=workflows.ended, agent="echo", conversation_id="c1")
    report(agents.url, run_id=workflows.ended, agent="echo", conversation_id="c2")
    report(agents.url, run_id=workflows.ended, agent="echo", conversation_id="c1")
    assert workflows.server.run_ids() == runs
    assert agents.snapshot("echo", "c1") == before
    with FlueClient(agents.url) as client, pytest.raises(FlueApiError):
        client.agents.conversation("echo", "c2").history()


def test_only_reads_are_sent_and_none_but_to_the_server() -> None:
    def echoes(request: Request, connection: Connection) -> None:
        connection.json(404, {"error": {"type": "run_not_found", "message": request.target}})

    with RawServer(echoes) as server:
        report(f"{server.url}/api", run_id="run_1", agent="a", conversation_id="c", token="t")
        assert server.requests
        assert {request.method for request in server.requests} <= {"GET", "HEAD"}
        assert {request.body for request in server.requests} == {b""}
        assert {request.headers["authorization"] for request in server.requests} == {"Bearer t"}


def test_no_secret_is_in_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def echoes(request: Request, connection: Connection) -> None:
        secret = request.headers["authorization"]
        headers = {"location": f"http://u:{secret}@h/{secret}?{secret}", "www-authenticate": secret}
        connection.answer(307, secret.encode(), {**headers, "date": secret, "age": secret})

    with RawServer(echoes) as server:
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setenv("http_proxy", f"http://u:{CANARY}@127.0.0.1:1")
        secrets = {"token": CANARY, "headers": {"x-key": CANARY}}
        made = report(server.url, **secrets)
        assert wrong(made) == ["redirect"]
        assert CANARY not in repr(made) + json.dumps(made.to_dict())


def test_text_of_a_server_cannot_forge_a_line() -> None:
    def hostile(request: Request, connection: Connection) -> None:
        kind = "text/html\x1b[2Jgone"
        connection.answer(404, b"", {"content-type": kind})

    with RawServer(hostile) as server:
        found = only(report(server.url), "no_api")
        assert found.words.isprintable()
        assert "gone" in found.words
