"""The documentation site builds without a warning, is whole, and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path

import flue_client
import flue_client_ext
from flue_client_ext import doctor, durable_streams, errors, report, testing
from flue_client_ext.testing import faults

from .blocks import ROOT

MODULES = (flue_client, flue_client_ext, doctor, durable_streams, errors, report, testing, faults)


def inventory(site: Path) -> set[str]:
    """The names that the reference has, as other projects' documentation links to them."""
    content = (site / "objects.inv").read_bytes()
    packed = content.split(b"\n", 4)[4]
    return {line.split()[0] for line in zlib.decompress(packed).decode().splitlines()}


class Loaded(HTMLParser):
    """Collects what a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag != "a" and found.get("rel") != "canonical":
            self.urls += [url for name in ("src", "href", "srcset") if (url := found.get(name))]


def test_the_site_builds_and_has_all_names_and_loads_nothing(tmp_path: Path) -> None:
    """One test, since the site takes seconds to build: on one of the workers, once."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    assert built.returncode == 0, built.stdout
    assert "WARNING" not in built.stdout, built.stdout
    the_reference_has_every_public_name(inventory(tmp_path))
    no_page_loads_anything_from_elsewhere(tmp_path)
    pages_of_other_folders_are_linked_within_the_site(tmp_path)


def the_reference_has_every_public_name(known: set[str]) -> None:
    public = {f"{module.__name__}.{name}" for module in MODULES for name in module.__all__}
    assert len(public) > 200
    assert public - known == set()
    for call in ("workflows.Workflows.run", "async_agents.AsyncAgents.map", "runs.Runs.stream"):
        assert f"flue_client_ext.{call}" in known


def no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {"index.html", "benchmarks.html", "changelog.html"} <= {page.name for page in pages}
    for page in pages:
        loaded = Loaded()
        loaded.feed(page.read_text())
        assert loaded.urls
        assert [url for url in loaded.urls if re.match(r"(https?:)?//", url)] == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text()), style


def pages_of_other_folders_are_linked_within_the_site(site: Path) -> None:
    start = (site / "index.html").read_text()
    for link in ('href="conversations.html"', 'href="benchmarks.html"', 'src="report.png"'):
        assert link in start
    assert "docs/" not in re.sub(r"<script.*?</script>", "", start, flags=re.DOTALL)
    assert "```" not in "".join(page.read_text() for page in site.rglob("*.html"))
    errors = re.sub(r"<[^>]+>", "", (site / "reference/errors.html").read_text())
    assert "The answer's HTTP status." in errors
    assert "fact(" not in errors
