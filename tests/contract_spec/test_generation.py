"""flue_client/ is what openapi.yaml says, and nothing but the spec is needed to extend it."""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract_spec.document import ROOT, SPEC

GENERATE = ROOT / "generator" / "generate.py"

NEW_EVENT = """
    PaperJamEvent:
      description: A printer is stuck.
      allOf:
        - $ref: "#/components/schemas/EventBase"
        - required: [type, trayName]
          properties:
            type:
              const: paper_jam
            trayName:
              type: string
              description: Which tray.
            sheetsLeft:
              type: integer
              description: How many sheets are left.
            usage:
              $ref: "#/components/schemas/Usage"
"""

USE_IT = """
from typing import assert_type
from flue_client.models import FlueEvent, LogEvent, PaperJamEvent, Usage, parse_event

event: FlueEvent = parse_event(
    {"type": "paper_jam", "trayName": "A4", "usage": {"input": 5}, "eventIndex": 3}
)
assert event.type == "paper_jam"
assert_type(event, PaperJamEvent)
assert_type(event.sheets_left, int | None)
assert (event.tray_name, event.sheets_left, event.event_index) == ("A4", None, 3)
assert isinstance(event.usage, Usage)
assert event.usage.input == 5
assert PaperJamEvent.tray_name.__doc__ == "Which tray."
log = parse_event({"type": "log", "colour": "red"})
assert isinstance(log, LogEvent)
assert_type(log.colour, str | None)
assert log.colour == "red"
"""


def generate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(GENERATE), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=120,
    )


LISTED = '        - $ref: "#/components/schemas/PaperJamEvent"\n'
EXCLUDED = "                  - paper_jam\n"


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A copy of the spec with a new event type and a new field, as somebody would add them."""
    text = SPEC.read_text()
    text = text.replace("\n    RunStartEvent:\n", f"{NEW_EVENT}    RunStartEvent:\n", 1)
    last = '        - $ref: "#/components/schemas/UnknownEvent"\n'
    text = text.replace(last, f"{LISTED}{last}", 1)
    text = text.replace(" - run_start\n", f" - run_start\n{EXCLUDED}", 1)
    text = text.replace(
        "              const: log\n",
        "              const: log\n            colour:\n              type: string\n",
        1,
    )
    spec = tmp_path / "openapi.yaml"
    spec.write_text(text)
    return spec


def test_the_generated_client_fits_the_spec() -> None:
    """The generator needs nothing on the path."""
    done = generate("--check", PATH="")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_event_type_and_a_new_field_need_nothing_but_the_spec(
    edited: Path, tmp_path: Path
) -> None:
    """The client has them, and the type checker knows them."""
    done = generate(f"--spec={edited}", f"--output={tmp_path / 'flue_client'}")
    assert done.returncode == 0, done.stdout + done.stderr
    script = tmp_path / "use_it.py"
    script.write_text(USE_IT)
    used(script)
    pytest.importorskip("mypy")
    used("-m", "mypy", "--strict", "--cache-dir", os.devnull, script)


def used(*arguments: str | Path) -> None:
    """Run Python with the generated client in the folder of the script."""
    folder = Path(arguments[-1]).parent
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(folder)},
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_drift_is_reported_as_a_diff_and_changes_nothing(tmp_path: Path) -> None:
    package = tmp_path / "flue_client"
    shutil.copytree(ROOT / "flue_client", package, ignore=shutil.ignore_patterns("__pycache__"))
    models = package / "models" / "__init__.py"
    models.write_text(models.read_text().replace("class LogEvent(", "class LogLine("))
    (package / "py.typed").unlink()
    (package / "extra.py").write_text("x = 1\n")
    before = models.read_text()
    done = generate("--check", f"--output={package}")
    assert done.returncode == 1
    for line in (
        "missing: flue_client/py.typed",
        "not generated: flue_client/extra.py",
        "-class LogLine(EventBase):",
        "+class LogEvent(EventBase):",
    ):
        assert line in done.stdout.splitlines()
    assert models.read_text() == before
    assert generate(f"--output={package}").returncode == 0
    assert contents(package) == contents(ROOT / "flue_client")


def contents(package: Path) -> dict[str, str]:
    files = (path for path in package.rglob("*") if path.is_file())
    return {
        str(path.relative_to(package)): path.read_text()
        for path in files
        if path.parent.name != "__pycache__"
    }


def test_what_the_generator_would_drop_is_an_error(tmp_path: Path) -> None:
    spec = tmp_path / "openapi.yaml"
    spec.write_text(
        SPEC.read_text().replace(
            '$ref: "#/components/schemas/UsageCost"', '$ref: "#/components/schemas/NoSuchThing"'
        )
    )
    package = tmp_path / "flue_client"
    done = generate(f"--spec={spec}", f"--output={package}")
    assert done.returncode != 0
    assert "NoSuchThing" in done.stdout + done.stderr
    assert not package.exists()


def test_a_schema_that_the_generator_would_drop_silently_is_an_error(
    edited: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "flat.yaml"
    flat = NEW_EVENT.replace("        - required:", "      required:")
    flat = "\n".join(line[4:] if line.startswith(" " * 10) else line for line in flat.splitlines())
    spec.write_text(edited.read_text().replace(NEW_EVENT, f"{flat}\n", 1))
    done = generate(f"--spec={spec}", f"--output={tmp_path / 'flue_client'}")
    assert done.returncode != 0
    assert "PaperJamEvent would be lost" in done.stderr


@pytest.mark.parametrize(
    ("forgotten", "sentence"),
    [
        (LISTED, "PaperJamEvent is not listed in the `oneOf` of FlueEvent"),
        (EXCLUDED, "paper_jam, the type of PaperJamEvent, is not in the exclusions"),
        ("              const: paper_jam\n", "PaperJamEvent has no `type` with a `const`"),
    ],
)
def test_a_half_added_event_type_is_an_error(
    edited: Path, tmp_path: Path, forgotten: str, sentence: str
) -> None:
    text = edited.read_text()
    assert text.count(forgotten) == 1
    stand_in = "              minLength: 1\n" if "const" in forgotten else ""
    edited.write_text(text.replace(forgotten, stand_in))
    done = generate(f"--spec={edited}", f"--output={tmp_path / 'flue_client'}")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert not (tmp_path / "flue_client").exists()


def test_the_package_says_that_it_is_generated() -> None:
    text = (ROOT / "flue_client" / "__init__.py").read_text()
    for word in ("openapi.yaml", "Never edit", "openapi-python-client 0.29.1"):
        assert word in text


def test_nothing_is_generated_that_nothing_uses() -> None:
    """Each name of the shared modules is one that operations import, or the package's own."""
    package = ROOT / "flue_client"
    operations = {
        path: ast.parse(path.read_text()) for path in (package / "api").glob("*/[!_]*.py")
    }
    used = {
        alias.name
        for tree in operations.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    shared = {path.stem for path in package.glob("*.py")} - {"__init__"}
    assert shared == {"client", "types"}
    for name in shared:
        module = importlib.import_module(f"flue_client.{name}")
        kept = {
            key
            for key, value in vars(module).items()
            if key[0] != "_" and getattr(value, "__module__", None) == module.__name__
        }
        assert kept <= used, kept - used
