"""The README of the distributions: an index has no `docs/`, so relative links would break there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)\s]+)\)")


class Readme(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Repository")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": described(text, repository, metadata["version"]),
        }


def described(readme: str, repository: str | None, version: str) -> str:
    """Return the README with links to the tag of `version` in the repository; without links and
    pictures if there is no repository."""

    def absolute(found: re.Match[str]) -> str:
        image, text, target = found.groups()
        if repository is None:
            return "" if image else text
        kind = "raw" if image else "blob"
        return f"{image}[{text}]({repository}/{kind}/v{version}/{target})"

    return _LINK.sub(absolute, readme)
