"""What the doctor reports: findings, each one fact and what to do about it.

`LEVELS` is the one list of their codes; docs/doctor.md says what provokes each. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from ..errors import printable

Level: TypeAlias = Literal["info", "warning", "error"]

LEVELS: dict[str, Level] = {
    "versions": "info",
    "dependency_broken": "error",
    "base_url": "info",
    "base_url_invalid": "error",
    "credentials_invalid": "error",
    "credentials": "info",
    "proxy": "info",
    "proxy_invalid": "error",
    "trust": "info",
    "trust_invalid": "error",
    "name_not_found": "error",
    "refused": "error",
    "silent": "error",
    "unreachable": "error",
    "proxy_refused": "error",
    "certificate_expired": "error",
    "certificate_not_yet_valid": "error",
    "certificate_wrong_host": "error",
    "certificate_untrusted": "error",
    "tls_refused": "error",
    "tls_failed": "error",
    "port_without_tls": "error",
    "port_with_tls": "error",
    "no_http_answer": "error",
    "no_answer": "error",
    "connected": "info",
    "redirect": "error",
    "unauthorized": "error",
    "forbidden": "error",
    "proxy_unauthorized": "error",
    "rate_limited": "warning",
    "no_run_store": "warning",
    "unavailable": "error",
    "server_error": "error",
    "answer_cut": "error",
    "compressed": "error",
    "cached": "warning",
    "close_delimited": "warning",
    "clock_skew": "warning",
    "generation": "info",
    "server_too_old": "error",
    "prefix_wrong": "error",
    "no_api": "error",
    "run_readable": "info",
    "run_not_readable": "error",
    "agent": "info",
    "agent_not_found": "error",
    "stream_headers_missing": "error",
    "stream": "info",
    "stream_not_checked": "info",
    "stream_refused": "warning",
    "stream_buffered": "warning",
    "stream_withheld": "warning",
    "stream_cut": "warning",
}
"""Each code with its level. `info` states a fact; the client works in spite of a `warning`, more
slowly or less safely; it does not work with an `error`."""


@frozen
class Finding:
    """One fact about the path to a server.

    Branch on `code`, which docs/doctor.md lists, or on `level`; `words` (what is the case) and
    `advice` (what to do; may be empty) are for people and may change. `facts` holds what the words
    say as values that JSON can hold. No finding holds a secret.
    """

    code: str
    level: Level
    words: str
    advice: str = ""
    facts: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON can hold it."""
        return {
            "code": self.code,
            "level": self.level,
            "words": self.words,
            "advice": self.advice,
            "facts": dict(self.facts),
        }


@frozen
class Report:
    """What `diagnose` has found, in the order of the way to the server."""

    findings: tuple[Finding, ...]

    @property
    def base_url(self) -> str | None:
        """Where requests went; `None` if it is invalid, as it may hold a password then."""
        found = (each.facts["base_url"] for each in self.findings if each.code == "base_url")
        return next(found, None)

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong: no finding is a warning or an error."""
        return all(each.level == "info" for each in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it."""
        findings = [each.to_dict() for each in self.findings]
        return {"base_url": self.base_url, "healthy": self.healthy, "findings": findings}


def finding(code: str, words: str, advice: str = "", **facts: Any) -> Finding:
    """Return the finding of this code, whose level `LEVELS` knows."""
    if words.startswith("the "):  # a peer of the connection, in words
        words = f"The {words[4:]}"
    return Finding(code, LEVELS[code], printable(words), printable(advice), facts)
