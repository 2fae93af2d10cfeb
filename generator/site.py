"""The part of the documentation site that is not in `docs/`: a hook of MkDocs.

Pages of the repository's other folders become pages of the site, their links included, and the
reference of the models lists what `flue_client.models` exports.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from flue_client import models

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages outside `docs/`, and what they are called on the site."""
SOURCES = {page: source for source, page in ELSEWHERE.items()}
MODELS = "<!-- the names of flue_client.models -->"
KINDS = {"Event": "Events", "Chunk": "Updates of conversations", "Part": "Parts of messages"}
"""The models by the end of their names, and what a section of the reference calls them."""
OTHERS = "All others"
_ENTRY = "::: flue_client_ext.{}\n    options:\n      inherited_members: false"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^(```\w+) \w+$", re.MULTILINE)
"""What tells the tests how to run a block."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, page in ELSEWHERE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    name = page.file.src_uri
    listed = markdown.replace(MODELS, _models()) if MODELS in markdown else markdown
    return for_site(listed, SOURCES.get(name, f"docs/{name}"), name)


def _models() -> str:
    sections: dict[str, list[str]] = {title: [] for title in (*KINDS.values(), OTHERS)}
    for name in sorted(models.__all__):
        kind = next((KINDS[end] for end in KINDS if name.endswith(end)), OTHERS)
        sections[kind].append(_ENTRY.format(name))
    return "\n\n".join(f"## {title}\n\n" + "\n\n".join(sections[title]) for title in sections)


def for_site(markdown: str, source: str, page: str) -> str:
    """Return the text of the file `source` as that of the site's `page`: links lead to the pages of
    other files. Files that have no page are named without a link."""

    def relinked(found: re.Match[str]) -> str:
        image, text, target, anchor = found.groups()
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if "://" in target or not (ROOT / file).exists():
            return found[0]  # MkDocs reports what leads nowhere
        place = ELSEWHERE.get(file) or file.removeprefix("docs/")
        if place == file:
            return text
        relative = posixpath.relpath(place, posixpath.dirname(page) or ".")
        return f"{image}[{text}]({relative}{anchor or ''})"

    parts = _FENCE.split(_MARK.sub(r"\1", markdown))
    return "".join(part if part.startswith("```") else _LINK.sub(relinked, part) for part in parts)
