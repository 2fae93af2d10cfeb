"""What a server says is text: for a terminal, a log, a browser."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable

from flue_client.models import parse_event
from flue_client_ext import Admission, FlueClient, FlueError
from flue_client_ext._flue.reply_changes import ReplyChanges
from flue_client_ext.cli import _out
from flue_client_ext.cli._conversation_view import ConversationView
from flue_client_ext.cli._reply_view import ReplyView
from flue_client_ext.cli._run_view import RunView
from flue_client_ext.testing import LocalFlue
from flue_client_ext.testing._watch import watch
from tests.contract_spec.exchanges import snapshots
from tests.contract_spec.samples import events
from tests.report.hostile import ATTACK, PAGES, poisoned
from tests.report.test_page import Parsed
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import NEVER_AGAIN, chain, failure
from tests.worlds import World

from .canary import Texts, listening

STEERING = (
    "\x1b]0;title\x07\x1b]8;;http://evil.test\x1b\\link\x1b[2J\x1b[6n\x1bP+q\x1b\\\x9b31m\x9d0;t\x9c"
    "\x90q\x9c\r\b\x7f\u202eevil\u2066\u2069\u200f\u2028\u2029\u200b\U000e0041\x85\x00\ud83c"
)
"""OSC, CSI, DCS, C1 controls, a backspace, changes of the writing direction, a space without width,
a tag, half a character."""
_CHANGING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\U000e0041]"
)


def _harmless(text: str, where: str) -> None:
    found = _CHANGING.search(text)
    assert found is None, f"{where}: {text[max(0, found.start() - 60) : found.end() + 20]!r}"


def _views_of_the_command_line() -> str:
    stream = io.StringIO()
    view = RunView(stream, False)
    for event in events():
        view.show(parse_event(poisoned(event, STEERING)))
    view.region()
    for snapshot in snapshots():
        hostile = poisoned(snapshot, STEERING)
        ConversationView(stream).messages(hostile["messages"])
        for message in hostile["messages"]:
            changes = ReplyChanges(str(message.get("submissionId")))
            reply = ReplyView(stream)
            for change in changes.advance(hostile):
                reply.change(change)
            reply.__exit__(None, None, None)
    _harmless(stream.getvalue(), "a view")
    return f"{len(events()):,} events and {len(snapshots())} conversations print no control"


def _json_of_the_command_line() -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        for each in (*events()[:50], *snapshots()):
            _out.print_json(poisoned(each, STEERING))
        _out.print_text(STEERING)
    with contextlib.redirect_stderr(io.StringIO()) as told:
        _out.note(STEERING)
    _harmless(out.getvalue() + told.getvalue(), "JSON")
    return "controls are escapes in JSON, in text and in messages"


def _local_server() -> str:
    flue = LocalFlue()
    hostile = STEERING.replace("\ud83c", "")
    flue.workflow("hostile")(lambda input, run: run.log(hostile) or {"said": hostile})
    with contextlib.redirect_stdout(io.StringIO()) as out:
        watch(flue)
        with flue.run() as url, FlueClient(url) as client:
            client.workflows.run("hostile", input=hostile)
            failure(client.runs.get, "%1b[2J\u202e")
        flue.close()
    assert "log" in out.getvalue()
    _harmless(out.getvalue(), "flue-client dev")
    return "`flue-client dev` prints requests and events without controls"


def _reports() -> str:
    for name, page in PAGES.items():
        for attack in (ATTACK, STEERING, "javascript:alert(1)", "url(//h) expression(x) }</style>"):
            assert Parsed(page(attack)).tags == Parsed(page("x" * len(attack))).tags, name
        _harmless(page(STEERING), name)
    return "the same elements and attributes as with harmless text; no script, link, URL or control"


def _errors(world: World) -> str:
    """Whatever of an answer an error quotes, a traceback or a log line cannot steer a terminal."""
    hostile = STEERING.replace("\ud83c", "").encode("latin-1", "ignore").decode("latin-1")
    value = re.sub("[\r\n\x00]", "", hostile)

    def answer(request: Request, connection: Connection) -> None:
        kind = request.target.partition("?")[0].rpartition("/")[2]
        if kind == "type":
            connection.answer(200, b"<html>", {"content-type": value, "content-encoding": value})
        elif kind == "offset":
            headers = {"stream-next-offset": value, "content-type": "application/json"}
            connection.json(200 if "offset=-1" in request.target else 410, [], headers)
        elif kind == "line":
            connection.send(f"HTTP/1.1 {value} x\r\n\r\n".encode("latin-1"))
        elif kind == "moved":
            connection.answer(302, b"", {"location": f"http://{value}/{value}"})
        elif kind == "version":
            headers = {"stream-next-offset": "o", "stream-closed": "true"}
            connection.json(200, [{"type": "log", "v": STEERING, "eventIndex": 1}], headers)
        else:
            problem = {"type": STEERING, "message": STEERING, "details": STEERING}
            connection.json(400, {"error": problem})

    texts = Texts()
    with listening(texts), RawServer(answer) as server:
        client = world.client(server.url, timeout=5)
        for name in ("type", "offset", "line", "moved", "version", "problem"):
            for call in (
                lambda name=name: client.runs.get(name, backoff_options=NEVER_AGAIN),
                lambda name=name: list(
                    client.runs.stream(name, live=False, backoff_options=NEVER_AGAIN)
                ),
                lambda name=name: client.workflows.invoke(name),
                lambda name=name: client.agents.wait(
                    "a", name, Admission("s", "-1", "u"), timeout=1, backoff_options=NEVER_AGAIN
                ),
            ):
                try:
                    call()
                except FlueError as error:
                    for link in chain(error):
                        assert str(link).isprintable(), (name, str(link))
    for record in texts["logs at DEBUG"].splitlines():
        assert record.isprintable(), record
    return "texts of errors and of logs are printable, whatever they quote"


CHECKS: dict[str, Callable[[World], str]] = {"errors and logs": _errors}
PURE: dict[str, Callable[[], str]] = {
    "views of the command line": _views_of_the_command_line,
    "JSON of the command line": _json_of_the_command_line,
    "local server": _local_server,
    "reports": _reports,
}
