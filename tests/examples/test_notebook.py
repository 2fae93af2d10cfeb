"""`examples/notebook.ipynb` is executed, in a kernel of its own."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from nbclient import NotebookClient
from nbformat import read

from flue_client_ext.testing import demo_server

from .support import EXAMPLES

NOTEBOOK = EXAMPLES / "notebook.ipynb"


def shown(cell: Any) -> str:
    """All that a cell displays, as text."""
    return json.dumps(cell.get("outputs", []))


def test_every_cell_shows_what_it_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = read(NOTEBOOK, as_version=4)
    with demo_server().run() as url:
        monkeypatch.setenv("FLUE_BASE_URL", url)
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute(env=dict(os.environ))
    cells = {cell["id"]: shown(cell) for cell in notebook.cells}
    assert "FlueClient" in cells["connect"]
    assert "The answer is 42." in cells["ask"]
    assert "You said: Tell me more" in cells["stream"]
    assert "What is 5 * 5? The answer is 25." in cells["map"]
    assert "calculator" in cells["report"]
    assert not any("Warning" in text or "stderr" in text for text in cells.values())


def test_it_is_stored_without_outputs() -> None:
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
