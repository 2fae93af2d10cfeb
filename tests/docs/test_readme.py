"""The README is short, and its links lead somewhere, on a package index too."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from .blocks import README, ROOT

TEXT = README.read_text()
LINK = re.compile(r"\]\(([^)\s]+)\)")


def described(repository: str | None) -> str:
    """The README as a package index gets it."""
    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.described(TEXT, repository, "1.2.3"))


def test_it_is_two_screens_at_most() -> None:
    assert len(TEXT.splitlines()) <= 120


def test_every_link_leads_to_a_file() -> None:
    targets = [target for target in LINK.findall(TEXT) if "://" not in target]
    assert len(targets) > 20
    assert [target for target in targets if not (ROOT / target.partition("#")[0]).exists()] == []


def test_a_package_index_gets_links_to_the_tag_of_the_version() -> None:
    text = described("https://git.example/flue-client")
    assert "](https://git.example/flue-client/blob/v1.2.3/docs/versions.md)" in text
    assert "](https://git.example/flue-client/raw/v1.2.3/docs/report.png)" in text
    assert all(target.startswith("https://") for target in LINK.findall(text))


def test_without_a_repository_it_gets_no_link_that_would_break() -> None:
    text = described(None)
    assert "[conversations]" not in text
    assert "conversations, workflows and runs" in text
    assert "report.png" not in text
    assert LINK.findall(text) == ["https://flueframework.com"]
