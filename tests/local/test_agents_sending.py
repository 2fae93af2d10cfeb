"""Sends to an agent of the local server: admitted, refused, deduplicated, as Flue 2.1.0 does it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from flue_client_ext.testing import LocalFlue, Message
from flue_client_ext.testing._delivery import decoded
from tests.local.agents import LocalAgents
from tests.local.conversation import START, Conversation, refusal, text_of

IMAGE = b"\x89PNG\r\n\x1a\n and so on"
SEND = {"kind": "user", "body": "hello"}


def image(data: str | None = None, **fields: Any) -> dict[str, Any]:
    coded = base64.b64encode(IMAGE).decode() if data is None else data
    return {"type": "image", "data": coded, "mimeType": "image/png", **fields}


def test_an_admission_says_where_to_read_on(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    answer = conversation.post(**SEND)
    admission = answer.json()
    assert answer.status_code == 202
    assert list(admission) == ["streamUrl", "offset", "submissionId", "uid"]
    assert admission["streamUrl"] == answer.headers["location"] == str(answer.request.url)
    assert admission["offset"] == answer.headers["stream-next-offset"] == START
    assert admission["submissionId"].startswith("sub_0")
    assert admission["uid"].startswith("inst_0")
    assert "cache-control" not in answer.headers


def test_the_admission_offset_lies_before_the_own_message(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    conversation.ask("hello")
    sent = conversation.send("again")
    first, *_ = conversation.settled(sent)
    assert first["type"] == "message-appended"
    assert first["message"]["submissionId"] == sent["submissionId"]


def test_a_stream_url_is_made_of_the_host_header_alone(api: httpx.Client) -> None:
    headers = {"host": "internal:9999", "x-forwarded-host": "public.example"}
    answer = api.post("/agents/echo/x?y=1", json=SEND, headers=headers)
    assert answer.json()["streamUrl"] == "http://internal:9999/agents/echo/x"


BODIES: list[tuple[Any, str]] = [
    ("hello", "Delivered messages must be"),
    ({"message": "hello"}, "Delivered messages must be"),
    ({"kind": "user", "body": 5}, "Delivered messages must be"),
    ({**SEND, "attachments": None}, "Delivered messages must be"),
    ({**SEND, "attachments": [image(type="document")]}, "Delivered messages must be"),
    ({**SEND, "attachments": [image(filename=None)]}, "Delivered messages must be"),
    ({**SEND, "attachments": [image("A" * 14_680_068)]}, "Image data exceeds the 14680064"),
    ({"kind": "signal", "type": "", "body": "x"}, "Delivered messages must be"),
    ({"kind": "signal", "type": "memory", "body": 5}, 'Signal type "memory" is framework-reserved'),
    ({"kind": "signal", "type": "a", "body": "x", "tagName": "1a"}, 'Signal message "tagName"'),
    ({"kind": "signal", "type": "a", "body": "x", "attributes": {"a": 1}}, "Delivered messages"),
    ({**SEND, "uid": 5}, "`uid` must be a string"),
    ({**SEND, "uid": "inst_x", "initialData": None}, "A send conditioned on an existing instance"),
    ({**SEND, "idempotencyKey": ""}, "`idempotencyKey` must be a non-empty string"),
    ({**SEND, "idempotencyKey": "x" * 257}, "`idempotencyKey` must be at most 256 characters."),
]


@pytest.mark.parametrize(("body", "details"), BODIES)
def test_a_malformed_body_is_refused(api: httpx.Client, body: Any, details: str) -> None:
    conversation = Conversation(api, "echo")
    answer = api.post(conversation.path, json=body)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json()["error"]["details"].startswith(details)
    assert api.get(conversation.path).status_code == 404


def test_fields_that_are_unknown_are_ignored(api: httpx.Client) -> None:
    assert Conversation(api, "echo").send("x", unknown=1)


@pytest.mark.parametrize("query", ["wait=result", "wait", "wait=x"])
def test_a_send_does_not_wait(api: httpx.Client, query: str) -> None:
    assert refusal(api.post(f"/agents/echo/x?{query}", json=SEND)) == (400, "invalid_request")


def test_a_body_that_is_not_json_is_refused(api: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    answer = api.post("/agents/echo/x", content='{"kind":', headers=headers)
    assert refusal(answer) == (400, "invalid_json")
    answer = api.post("/agents/echo/x", content="{}", headers={"content-type": "text/plain"})
    assert refusal(answer) == (415, "unsupported_media_type")
    assert refusal(api.post("/agents/echo/x")) == (400, "invalid_request")


def test_a_key_names_one_submission(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    first = conversation.send("idem", idempotencyKey="evt-1")
    again = conversation.post(kind="user", body="idem", idempotencyKey="evt-1", extra=1)
    assert again.json() == {**first, "offset": "-1", "deduplicated": True}
    assert again.headers["stream-next-offset"] == "-1"
    assert conversation.send("idem", idempotencyKey="evt-1", uid=None)["deduplicated"]
    assert conversation.send("idem", idempotencyKey="evt-1", uid="inst_other")["deduplicated"]
    conversation.settled(first)
    assert [text_of(m) for m in conversation.history()["messages"]] == ["idem", "You said: idem"]


def test_a_keyed_submission_id_is_that_of_the_genuine_server() -> None:
    server = LocalFlue()
    server.agent("Chat", path="agents/chat")(named)
    with server.run() as url, httpx.Client(base_url=url) as http:
        sent = Conversation(http, "chat", "k1").send("idem", idempotencyKey="evt-1")
    assert sent["submissionId"] == "sub_ik_2b664f8cd1289ce24cb8239bca456e18"
    server.close()


@pytest.mark.parametrize(
    "other", [{"body": "other"}, {"initialData": None}, {"attachments": []}, {"body": "1"}]
)
def test_a_key_with_another_payload_is_a_conflict(api: httpx.Client, other: Any) -> None:
    conversation = Conversation(api, "echo")
    first = conversation.send("idem", idempotencyKey="k")
    answer = conversation.post(**{"kind": "user", "body": "idem", "idempotencyKey": "k", **other})
    assert refusal(answer) == (409, "submission_conflict")
    assert answer.json()["error"]["meta"] == {"submissionId": first["submissionId"]}


def test_true_and_one_are_different_payloads(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    conversation.send("idem", idempotencyKey="k", initialData={"a": True})
    answer = conversation.post(kind="user", body="idem", idempotencyKey="k", initialData={"a": 1})
    assert refusal(answer) == (409, "submission_conflict")


def test_simultaneous_sends_with_one_key_make_one_submission(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: conversation.send("once", idempotencyKey="k"), range(8)))
    assert len({one["submissionId"] for one in sent}) == 1
    assert [bool(one.get("deduplicated")) for one in sent].count(False) == 1
    conversation.settled(sent[0])
    assert len(conversation.history()["messages"]) == 2


def test_a_key_counts_within_its_conversation_only(api: httpx.Client) -> None:
    first, second = (Conversation(api, "echo").send("x", idempotencyKey="k") for _ in range(2))
    assert first["submissionId"] != second["submissionId"]


def test_a_failed_submission_stays_failed_under_its_key(api: httpx.Client) -> None:
    conversation = Conversation(api, "fails")
    conversation.ask("x", idempotencyKey="k")
    assert conversation.send("x", idempotencyKey="k")["deduplicated"]
    assert len(conversation.history()["settlements"]) == 1


def test_a_uid_is_a_condition(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    uid = conversation.send("hello", uid=None)["uid"]
    assert conversation.send("hello", uid=uid)["uid"] == uid
    assert refusal(conversation.post(**SEND, uid="inst_x")) == (404, "agent_instance_not_found")
    exists = conversation.post(**SEND, uid=None)
    assert refusal(exists) == (409, "agent_instance_exists")
    assert exists.json()["error"]["meta"] == {"uid": uid}


def test_a_refused_creation_leaves_a_stream_without_a_conversation(api: httpx.Client) -> None:
    conversation = Conversation(api, "greets")
    assert refusal(conversation.post(**SEND)) == (400, "invalid_request")
    assert refusal(api.get(conversation.path)) == (404, "stream_not_found")
    assert [chunk["type"] for chunk in conversation.updates("-1").json()] == ["stream-checkpoint"]
    assert api.head(conversation.path).headers["stream-next-offset"] == "-1"
    assert refusal(conversation.updates(START)) == (416, "stream_offset_gone")
    assert conversation.abort() is False
    assert conversation.send("hello", uid=None, initialData={"name": "Ann"})["offset"] == START


def test_initial_data_are_checked_and_handed_over(api: httpx.Client) -> None:
    conversation = Conversation(api, "greets")
    wrong = conversation.post(**SEND, initialData={"name": 5})
    assert "Invalid type: Expected string but received 5." in wrong.json()["error"]["details"]
    missing = conversation.post(**SEND).json()["error"]["details"]
    assert "Invalid type: Expected Object but received undefined." in missing
    conversation.ask("hello", initialData={"name": "Ann"})
    assert text_of(conversation.history()["messages"][-1]) == "Hello, Ann!"


def test_initial_data_count_only_at_the_creation(api: httpx.Client) -> None:
    conversation = Conversation(api, "greets")
    conversation.ask("hello", initialData={"name": "Ann"})
    conversation.ask("hello", initialData={"name": 5})
    assert text_of(conversation.history()["messages"][-1]) == "Hello, Ann!"


def test_a_signal_is_a_system_message(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    words = {"attributes": {"user": "U1"}, "tagName": "slack"}
    sent = conversation.post(kind="signal", type="slack.message", body="hi", **words).json()
    conversation.settled(sent)
    message, reply = conversation.history()["messages"]
    assert {**message, "id": ""} == {
        "id": "",
        "role": "system",
        "purpose": "dispatch",
        "display": "diagnostic",
        "submissionId": sent["submissionId"],
        "signal": {"tagName": "slack", "attributes": {"user": "U1"}},
        "parts": [{"type": "text", "text": "hi", "state": "done"}],
    }
    assert "hi" in text_of(reply)


def test_an_attachment_is_served_as_it_came(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    sent = conversation.send("look", attachments=[image(filename="dot.png"), image()])
    conversation.settled(sent)
    message, reply = conversation.history()["messages"]
    named, unnamed = message["parts"][1:]
    attachment = f"att_direct_{sent['submissionId']}_0"
    about = {"type": "file", "mediaType": "image/png", "id": attachment, "size": len(IMAGE)}
    assert named == {**about, "filename": "dot.png"}
    assert "filename" not in unnamed
    assert text_of(reply) == "You said: look (2 images)"
    answer = api.get(f"{conversation.path}/attachments/{attachment}")
    assert answer.content == IMAGE
    assert {
        "content-type": "image/png",
        "content-length": str(len(IMAGE)),
        "content-disposition": "inline",
        "cache-control": "private, max-age=31536000, immutable",
        "content-security-policy": "sandbox",
    }.items() <= dict(answer.headers).items()


def test_attachments_that_are_not_there(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    unknown = f"{conversation.path}/attachments/att_x"
    assert refusal(api.get(unknown)) == (404, "stream_not_found")
    conversation.ask("hello")
    assert refusal(api.get(unknown)) == (404, "attachment_not_found")
    assert api.head(unknown).status_code == 405


def test_data_that_are_not_base64_are_an_internal_error(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    answer = conversation.post(**SEND, attachments=[image("***")])
    assert refusal(answer) == (500, "internal_error")
    assert answer.json()["error"]["ref"] == answer.headers["flue-error-ref"]
    assert conversation.history()["messages"] == []


@pytest.mark.parametrize(
    ("text", "data"),
    [("aGk=", b"hi"), ("aGk", b"hi"), ("aG\nk =", b"hi"), ("", b""), ("_-8=", None)]
    + [("a", None), ("aGk==", None), ("=", None), ("aé==", None)],
)
def test_base64_is_decoded_as_a_browser_does(text: str, data: bytes | None) -> None:
    assert decoded(text) == data


IDS = ["a%2Fb", "a%252Fb", "%25", "..%2F..", "%C3%A9%20x", "x.y~z!$&'()*+,;=:@", "i" * 2000]


@pytest.mark.parametrize("name", IDS)
def test_any_segment_may_be_an_id(api: httpx.Client, name: str) -> None:
    answer = api.post(f"/agents/echo/{name}", json=SEND)
    assert answer.json()["streamUrl"].endswith(f"/agents/echo/{name}")
    assert api.get(f"/agents/echo/{name}").status_code == 200


def test_an_escaped_slash_and_an_escaped_escape_are_two_ids(api: httpx.Client) -> None:
    uids = {api.post(f"/agents/echo/{name}", json=SEND).json()["uid"] for name in IDS[:2]}
    assert len(uids) == 2


@pytest.mark.parametrize("tail", ["", "/abort"])
def test_a_blank_id_is_refused(api: httpx.Client, tail: str) -> None:
    assert refusal(api.post(f"/agents/echo/%20{tail}", json=SEND)) == (400, "invalid_request")


NOWHERE = ["/", "/agents/nosuch/x", "/agents/echo", "/agents/echo/", "/agents/echo/x/"]
NOWHERE += ["/agents/echo/x/y", "/agents/echo/x/attachments/a/b", "/runs/run_x", "/workflows/echo"]


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_mounted_is_a_plain_404(api: httpx.Client, path: str) -> None:
    for answer in (api.get(path), api.post(path, json=SEND)):
        assert (answer.status_code, answer.text) == (404, "404 Not Found")
        assert answer.headers["content-type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize(
    ("method", "tail", "allowed"),
    [
        ("PUT", "", "GET, HEAD, POST"),
        ("OPTIONS", "", "GET, HEAD, POST"),
        ("GET", "/abort", "POST"),
        ("HEAD", "/attachments/a", "GET"),
    ],
)
def test_a_method_that_is_not_served(
    api: httpx.Client, method: str, tail: str, allowed: str
) -> None:
    answer = api.request(method, f"/agents/echo/x{tail}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_two_mounts_of_an_agent_have_the_same_conversations() -> None:
    server = LocalFlue()
    server.agent("named", path=["agents/named", "private/chat"])(named)
    with server.run() as url, httpx.Client(base_url=url) as http:
        conversation = Conversation(http, "named")
        conversation.ask("hello")
        other = conversation.path.replace("agents/named", "private/chat")
        assert http.get(other).json() == conversation.history()
        assert http.post(other, json=SEND).json()["streamUrl"] == f"{url}{other}"
    server.close()


def test_agents_and_workflows_live_side_by_side() -> None:
    server = LocalFlue()
    server.agent(named)
    server.workflow("named")(lambda run: "result")
    with server.run() as url, httpx.Client(base_url=url) as http:
        assert http.post("/workflows/named?wait=result").json()["result"] == "result"
        assert http.post("/agents/named/x", json=SEND).status_code == 202
        assert refusal(http.get("/runs/run_x")) == (404, "run_not_found")
        assert refusal(http.get("/agents/nosuch/x")) == (404, "route_not_found")
    server.close()


def named(message: Message) -> str:
    return message.text


def test_a_token_is_asked_of_agents_too() -> None:
    with LocalAgents(token="secret", mount="/api") as running, httpx.Client() as http:
        path = f"{running.url}/agents/echo/x"
        assert http.post(path, json=SEND).status_code == 401
        http.headers["authorization"] = "Bearer secret"
        assert http.post(path, json=SEND).json()["streamUrl"] == path


@pytest.mark.parametrize(
    ("function", "arguments", "kind", "words"),
    [
        (lambda: None, {}, TypeError, r"takes \(message, conversation\) or \(message\)"),
        (lambda a, b, c: None, {}, TypeError, "not 3 parameters"),
        (lambda a: None, {"joins": 1}, TypeError, "joins must be a bool"),
        (lambda a: None, {"path": [5]}, TypeError, "path must be a str"),
    ],
)
def test_an_agent_that_could_never_answer_is_refused(
    function: Callable[..., Any], arguments: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        LocalFlue().agent("x", **arguments)(function)
