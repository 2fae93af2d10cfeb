"""Generates flue_client/ from openapi.yaml, or checks that it still is what would be generated.

    python generator/generate.py            write flue_client/
    python generator/generate.py --check    change nothing; print a diff and fail if there is any

The same spec, templates and tool versions give the same bytes on every machine. The tools are those
of the running interpreter's environment, whatever PATH says.
"""

from __future__ import annotations

import argparse
import difflib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from unions import half_added_members, unions_of, with_prefixes

ROOT = Path(__file__).resolve().parent.parent
TOOLS = {"openapi-python-client": "0.29.1", "ruff": "0.17.6"}
RUFF_CHECK = ["check", "--isolated", "--quiet", "--fix", "--select=I,F401,F541,UP,RET505"]
RUFF_FORMAT = ["format", "--isolated", "--quiet"]
RUFF_STYLE = ["--target-version=py311", "--line-length=100", "--no-cache"]


def main() -> int:
    options = parse_arguments()
    refuse_other_tools()
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "flue_client"
        generate(options.spec, fresh)
        if options.check:
            return report(list(differences(options.output, fresh)))
        print(f"{options.output}: {replace(options.output, fresh)} files changed")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Generate flue_client/ from openapi.yaml.")
    parser.add_argument("--check", action="store_true", help="fail if the folder is out of date")
    parser.add_argument("--spec", type=Path, default=ROOT / "openapi.yaml")
    parser.add_argument("--output", type=Path, default=ROOT / "flue_client")
    return parser.parse_args()


def refuse_other_tools() -> None:
    """Exit unless the pinned tools are there: the templates depend on the internals of one version
    of the generator, and each version of ruff formats differently."""
    for name, wanted in TOOLS.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "none"
        if found != wanted:
            sys.exit(f"generate.py needs {name} {wanted} in {sys.executable}, found {found}")


def generate(spec: Path, target: Path) -> None:
    refuse_half_added_members(spec)
    described = target.parent / "described.json"
    described.write_text(json.dumps(with_prefixes(with_described_parameters(loaded(spec)))))
    run(
        "openapi_python_client",
        "generate",
        f"--path={described}",
        f"--config={ROOT / 'generator-config.yml'}",
        f"--custom-template-path={ROOT / 'generator' / 'templates'}",
        f"--output-path={target}",
        "--meta=none",
        "--fail-on-warning",
    )
    described.unlink()
    drop_empty_modules(target)
    refuse_lost_schemas(spec, target / "models" / "__init__.py")
    (target / "py.typed").write_text("")
    run("ruff", *RUFF_CHECK, *RUFF_STYLE, str(target))
    run("ruff", *RUFF_FORMAT, *RUFF_STYLE, str(target))


def run(module: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{module} failed:\n{done.stdout}{done.stderr}")


def drop_empty_modules(folder: Path) -> None:
    """Remove empty files: the generator writes one for each model and each template."""
    for path in folder.rglob("*.py"):
        if not path.read_text().strip():
            path.unlink()


def loaded(spec: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML

    return dict(YAML(typ="safe").load(spec))


def schemas_of(spec: Path) -> dict[str, Any]:
    return dict(loaded(spec)["components"]["schemas"])


def with_described_parameters(spec: dict[str, Any]) -> dict[str, Any]:
    """Copy the description of each parameter to its schema: the generator drops the former."""
    operations = [each for path in spec["paths"].values() for each in path.values()]
    groups = [each["parameters"] for each in operations if "parameters" in each]
    groups.append(list(spec["components"].get("parameters", {}).values()))
    for parameter in (each for group in groups for each in group if "schema" in each):
        if "description" in parameter and "$ref" not in parameter["schema"]:
            parameter["schema"].setdefault("description", parameter["description"])
    return spec


def refuse_half_added_members(spec: Path) -> None:
    """Exit for a schema that is not in its union: it would be delivered as an unknown one, and no
    tool would say so."""
    if problem := next(half_added_members(schemas_of(spec)), None):
        sys.exit(problem)


def refuse_lost_schemas(spec: Path, models: Path) -> None:
    """Exit if a schema is lost: the generator silently drops those with an `allOf` of one item
    beside `properties`."""
    from openapi_python_client.strings import pascal_case

    schemas = schemas_of(spec)
    text = models.read_text()
    for name, schema in schemas.items():
        described = "allOf" in schema or "properties" in schema
        if described and f"\nclass {pascal_case(name)}(" not in text:
            sys.exit(f"{name} would be lost: put its properties into a second item of `allOf`")
    for name in unions_of(schemas):
        if f"\n{name}: TypeAlias" not in text:
            sys.exit(f"{name} would be lost: list it in UNIONS of templates/view_macros.jinja")


def files(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(paths)}


def differences(present: Path, fresh: Path) -> Iterator[str]:
    old, new = files(present), files(fresh)
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"missing: {present.name}/{name}\n"
        elif name not in new:
            yield f"not generated: {present.name}/{name}\n"
        yield from difflib.unified_diff(
            old.get(name, "").splitlines(keepends=True),
            new.get(name, "").splitlines(keepends=True),
            f"{present.name}/{name} (as it is)",
            f"{present.name}/{name} (as generated)",
        )


def report(lines: list[str]) -> int:
    if not lines:
        return 0
    sys.stdout.writelines(lines)
    print("\nThe generated client does not fit openapi.yaml. Run: make generate")
    return 1


def replace(present: Path, fresh: Path) -> int:
    """Write only the files that differ; return how many there were."""
    old, new = files(present), files(fresh)
    changed = [name for name, text in new.items() if old.get(name) != text]
    for name in changed:
        (present / name).parent.mkdir(parents=True, exist_ok=True)
        (present / name).write_text(new[name])
    gone = old.keys() - new.keys()
    for name in gone:
        (present / name).unlink()
    return len(changed) + len(gone)


if __name__ == "__main__":
    sys.exit(main())
