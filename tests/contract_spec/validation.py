"""Holds what a server says against openapi.yaml.

`validate_response` takes one answer and `validate_member` one event, chunk or part, from whichever
server; both raise ContractViolation, an AssertionError that lists everything that is wrong, or
return nothing.
Fields and headers that the contract does not list are legal. A status that it does not list is a
violation: the servers of the tests have no business saying what only `default` covers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import jsonschema_rs

from tests.contract_spec import document

BODILESS = (204, 304)

_ESCAPES = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..")
"""Escapes of surrogates, in pairs or alone: a character may be cut in two by deltas."""


class ContractViolation(AssertionError):
    """A server said something that openapi.yaml does not allow."""

    def __init__(self, what: str, problems: list[str]) -> None:
        super().__init__("\n  ".join([f"{what}:", *problems]))
        self.problems = problems


def validate_response(
    method: str,
    path: str,
    status: int,
    headers: Mapping[str, str],
    content_type: str | None = None,
    body: bytes | str = b"",
    generation: str | None = None,
) -> None:
    """Check one whole answer, of a server of one generation if that is given.

    `path` is a key of the document, such as `/workflows/{name}` or `/runs/{runId}#meta`.
    The content type is that of the headers unless it is given. An event stream may have been cut.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    media = (content_type or headers.get("content-type", "")).partition(";")[0].strip().lower()
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    promised = document.response(method, path, status, generation)
    if promised is None:
        problems = ["the contract does not list this status"]
    else:
        problems = [*_header_problems(promised, headers, media)]
        if method == "HEAD" or status in BODILESS:
            problems += _no_body_problems(text)
        elif "content" in promised:
            problems += _body_problems(promised, media, text, generation)
    if problems:
        raise ContractViolation(f"{method} {path} answered {status}", problems)


def path_template(url: httpx.URL) -> str | None:
    """The path of the contract that a URL belongs to, wherever Flue is mounted."""
    match url.raw_path.decode().partition("?")[0].split("/"):
        case [*_, "agents", _, _, "abort"]:
            return "/agents/{name}/{id}/abort"
        case [*_, "agents", _, _, "attachments", _]:
            return "/agents/{name}/{id}/attachments/{attachmentId}"
        case [*_, "agents", _, _]:
            return "/agents/{name}/{id}" + _view(url.params)
        case [*_, "runs", _]:
            return "/runs/{runId}#meta" if "meta" in url.params else "/runs/{runId}"
        case [*_, "workflows", _]:
            return "/workflows/{name}"
    return None


def _view(params: httpx.QueryParams) -> str:
    if params.get("view") == "updates":
        return "#updates"
    return "#before" if "before" in params else ""


def validate_member(union: str, value: Any, generation: str | None = None) -> None:
    """Check one member of a union against the schema of its own type, and that no other fits it."""
    problems = list(member_problems(union, value, generation))
    if problems:
        raise ContractViolation(f"{union} {str(value)[:200]}", problems)


def member_problems(union: str, value: Any, generation: str | None = None) -> Iterator[str]:
    name = document.member(union, value)
    if name not in document.document(generation)["components"]["schemas"]:
        yield f"generation {generation} has no {name}"
        return
    own = list(schema_problems(document.named_validator(name, generation), value))
    yield from own
    if not own and not document.named_validator(union, generation).is_valid(value):
        yield f"{name} fits, and another schema of {union} as well"


def schema_problems(validator: jsonschema_rs.Validator, value: Any) -> Iterator[str]:
    for error in validator.iter_errors(value):
        yield f"{'/'.join(map(str, error.instance_path)) or 'body'}: {error.message[:300]}"


def _header_problems(
    promised: dict[str, Any], headers: Mapping[str, str], media: str
) -> Iterator[str]:
    for name, reference in promised.get("headers", {}).items():
        header = document.resolve(reference)
        value = headers.get(name.lower())
        if value is not None:
            for problem in schema_problems(document.validator(header["schema"]), value):
                yield f"header {name}: {problem}"
        elif header.get("required") or header.get("x-required-with") == media:
            yield f"header {name} is missing"


def _no_body_problems(text: str) -> Iterator[str]:
    if text:
        yield f"there is a body: {text[:100]}"


def _body_problems(
    promised: dict[str, Any], media: str, text: str, generation: str | None
) -> Iterator[str]:
    content = promised["content"]
    if "*/*" in content:
        return
    if media not in content:
        yield f"content type {media!r} is none of {sorted(content)}"
    elif media == "text/plain":
        yield from schema_problems(document.validator(content[media]["schema"]), text)
    elif media == "text/event-stream":
        yield from _frame_problems(
            document.frame_schemas(content[media]["schema"]), text, generation
        )
    else:
        yield from _json_problems(content[media]["schema"], text, generation)


def _without_halves(escape: re.Match[str]) -> str:
    return escape[0] if len(escape[0]) > 6 else "\\ufffd"  # the validator takes no lone surrogate


def _json_problems(schema: dict[str, Any], text: str, generation: str | None) -> Iterator[str]:
    try:
        value = json.loads(_ESCAPES.sub(_without_halves, text))
    except ValueError as error:
        yield f"body is not JSON: {error}"
        return
    union = schema.get("items", {}).get("$ref", "").rpartition("/")[2]
    if union in document.UNIONS and isinstance(value, list):
        for place, item in enumerate(value):
            problems = member_problems(union, item, generation)
            yield from (f"item {place}: {problem}" for problem in problems)
    else:
        yield from schema_problems(document.validator(schema, generation), value)


def _frame_problems(schemas: dict[str, Any], text: str, generation: str | None) -> Iterator[str]:
    """Check whole frames; what follows the last blank line was cut and does not count."""
    previous = "control"
    for frame in text.split("\n\n")[:-1]:
        lines = [line for line in frame.split("\n") if line and not line.startswith(":")]
        fields = [line.partition(":")[::2] for line in lines]
        data = "\n".join(value.removeprefix(" ") for name, value in fields if name == "data")
        event = next((value.strip() for name, value in fields if name == "event"), "")
        if event in schemas:
            problems = _json_problems(schemas[event], data, generation)
            yield from (f"{event} frame: {problem}" for problem in problems)
        if event == "data" and previous == "data":
            yield "a data frame is not followed by a control frame"
        if event in schemas and not _is_checkpoint(data):
            previous = event


def _is_checkpoint(data: str) -> bool:
    """Whether a frame holds the one chunk that has no control frame of its own."""
    try:
        (chunk,) = json.loads(data)
    except (ValueError, TypeError):
        return False
    return isinstance(chunk, dict) and chunk.get("type") == "stream-checkpoint"
