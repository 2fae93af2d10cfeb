"""Conversations as genuine servers told them: all updates, and the snapshot after them.

The chunks of 2.1.0 (`flue2`) and of 1.0.0-beta.9 (`beta9`), each without the empty conversation
where the recording began behind it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import frozen

Json = dict[str, Any]


@frozen
class Recorded:
    chunks: list[Json]
    snapshot: Json
    beta: bool

    def seen(self, snapshot: Json) -> Json:
        """`snapshot` less what the betas' updates say and their snapshots do not."""
        return without_submissions_of_replies(snapshot) if self.beta else snapshot


def without_submissions_of_replies(snapshot: Json) -> Json:
    messages = [
        {k: v for k, v in message.items() if k != "submissionId" or message["role"] == "user"}
        for message in snapshot["messages"]
    ]
    return {**snapshot, "messages": messages}


def _load(path: Path) -> Recorded:
    return Recorded(**json.loads(path.read_text()), beta=path.name.startswith("beta"))


RECORDED = {path.stem: _load(path) for path in sorted(Path(__file__).parent.glob("*.json"))}
