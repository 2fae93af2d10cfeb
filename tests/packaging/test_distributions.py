"""What is in the wheel and the source distribution, and what they say of themselves."""

from __future__ import annotations

import ast
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from flue_client_ext import __version__
from tests.packaging.conftest import ROOT, Built

PACKAGES = ("flue_client", "flue_client_ext")


def own_files() -> set[str]:
    found = (path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


def in_wheel(built: Built) -> set[str]:
    with zipfile.ZipFile(built.wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def in_sdist(built: Built) -> set[str]:
    with tarfile.open(built.sdist) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    return {name.partition("/")[2] for name in names}


def metadata_of(built: Built) -> Metadata:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return Metadata.from_email(archive.read(name), validate=True)


def entry_points_of(built: Built) -> str:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("entry_points.txt"))
        return archive.read(name).decode()


def test_the_wheel_holds_both_packages_and_nothing_else(built: Built) -> None:
    assert in_wheel(built) == own_files()
    assert {f"{name}/py.typed" for name in PACKAGES} <= in_wheel(built)
    assert built.wheel.name == f"flue_client-{__version__}-py3-none-any.whl"


def test_the_source_distribution_holds_the_packages_and_the_spec(built: Built) -> None:
    beside = in_sdist(built) - own_files()
    assert {f"{name}/py.typed" for name in PACKAGES} <= in_sdist(built)
    assert own_files() <= in_sdist(built)
    assert {"PKG-INFO", "pyproject.toml", "README.md", "CHANGELOG.md", "openapi.yaml"} <= beside
    assert not [name for name in beside if name.startswith(("tests", "generator", "benchmarks"))]


def test_nothing_of_this_machine_is_in_the_distributions(built: Built) -> None:
    names = in_wheel(built) | in_sdist(built)
    assert not [name for name in names if re.search(r"__pycache__|\.pyc|\.so$|\.cache|~$", name)]
    with zipfile.ZipFile(built.wheel) as archive:
        for name in archive.namelist():
            assert str(ROOT).encode() not in archive.read(name), name


def test_the_metadata_is_what_an_index_accepts(built: Built) -> None:
    metadata = metadata_of(built)
    assert metadata.name == "flue-client"
    assert metadata.version == Version(__version__)
    assert metadata.requires_python == SpecifierSet(">=3.11")
    assert metadata.summary
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description
    assert metadata.description.startswith("# flue-client")
    assert "](docs/" not in metadata.description
    assert "Typing :: Typed" in (metadata.classifiers or [])
    with tarfile.open(built.sdist) as archive:
        (info,) = (
            m for m in archive.getmembers() if m.name.count("/") == 1 and "PKG-INFO" in m.name
        )
        said = archive.extractfile(info)
        assert said is not None
        headers = HeaderParser().parsestr(said.read().decode())
    assert (headers["Name"], headers["Version"]) == ("flue-client", __version__)


def test_the_license_is_named_and_comes_along(built: Built) -> None:
    metadata = metadata_of(built)
    assert metadata.license_expression == "Apache-2.0"
    assert metadata.license_files == ["LICENSE"]
    text = (ROOT / "LICENSE").read_bytes()
    assert text.split()[:4] == [b"Apache", b"License", b"Version", b"2.0,"]
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/licenses/LICENSE"))
        assert archive.read(name) == text
    assert "LICENSE" in in_sdist(built)


def test_every_classifier_is_a_known_one(built: Built) -> None:
    classifiers = pytest.importorskip("trove_classifiers").classifiers
    assert set(metadata_of(built).classifiers or []) <= classifiers


def requirements(built: Built, extra: str = "") -> dict[str, Requirement]:
    """The requirements of an extra, or those that are always there, on this Python."""
    return {
        each.name: each
        for each in metadata_of(built).requires_dist or []
        if (not extra) == ("extra" not in str(each.marker))
        and (each.marker is None or each.marker.evaluate({"extra": extra}))
    }


def imported(files: Iterable[str]) -> set[str]:
    """The packages from elsewhere that these modules import."""
    names: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            match node:
                case ast.Import(names=aliases):
                    names |= {alias.name for alias in aliases}
                case ast.ImportFrom(module=str(name), level=0):
                    names.add(name)
                case ast.Call(func=ast.Name("import_module"), args=[ast.Constant(value=str(name))]):
                    names.add(name)
    top = {name.partition(".")[0] for name in names}
    return top - {""} - set(sys.stdlib_module_names) - set(PACKAGES)


def test_what_is_imported_is_required_and_nothing_else(built: Built) -> None:
    modules = {path for path in own_files() if path.endswith(".py")}
    for_testing = {path for path in modules if path.startswith("flue_client_ext/testing/")}
    for_cli = {path for path in modules if path.startswith("flue_client_ext/cli/")}
    core, extra = requirements(built), requirements(built, "testing")
    of_cli = requirements(built, "cli")
    core_names = {"sseclient" if name == "sseclient-py" else name for name in core}
    # typing_extensions: for type checkers only, which bring it along. pytest and trio: only where
    # they are at work already.
    outside = {"typing_extensions", *requirements_of_traces(built)}
    assert imported(modules - for_testing - for_cli) - outside == core_names
    assert imported(for_testing) - {"pytest", "trio"} - core_names == set(extra) - set(of_cli)
    assert imported(for_cli) - core_names == {name.replace("-", "_") for name in of_cli}
    # The local server comes with the whole command line.
    assert {name: extra[name].specifier for name in of_cli} == {
        name: each.specifier for name, each in of_cli.items()
    }


def requirements_of_traces(built: Built) -> set[str]:
    """What is imported where the program has imported it already."""
    (name,) = requirements(built, "opentelemetry")
    return {name.removesuffix("-api")}


def test_the_pins_are_those_that_the_risks_demand(built: Built) -> None:
    needed = requirements(built)
    assert not needed["httpx"].specifier.contains("0.29")
    assert needed["httpx"].specifier.contains("0.28.1")
    assert not needed["sseclient-py"].specifier.contains("2.0")
    assert not needed["backoff"].specifier.contains("3.0")
    assert metadata_of(built).provides_extra == ["cli", "opentelemetry", "testing"]


def test_the_entry_points_are_there(built: Built) -> None:
    said = entry_points_of(built)
    assert "flue-client = flue_client_ext.cli._main:main" in said
    assert "flue_client = flue_client_ext.testing._pytest" in said
