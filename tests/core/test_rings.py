"""Imports point downwards only (the rings of the architecture), checked in the source itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flue_client_ext

ROOT = Path(flue_client_ext.__file__).parent.parent
PACKAGE = "flue_client_ext"
WORLD = {"asyncio", "concurrent", "httpx", "anyio", "trio", "httpcore", "multiprocessing", "os"}
WORLD |= {"queue", "random", "sched", "secrets", "select", "selectors", "signal", "socket", "time"}
WORLD |= {"subprocess", "threading", "urllib.request", "uuid", "contextvars"}
CORE_LIBRARIES = {"attrs", "backoff", "h11", "msgspec", "sseclient"}
TESTING = f"{PACKAGE}.testing"
#: The rings of the local server, the lowest first.
TESTING_RINGS = [
    {"_errors", "_ids", "_json", "_rules", "_wake"},
    {"_clock", "_parts", "_protocol", "_request", "_schema", "_store", "_virtual_clock"},
    {"_connection", "_server"},
    {"_log", "_operation", "_run", "_runs", "_script", "_workflows"},
    {"_state"},
    {"_exchange"},
    {"_cut", "_inject", "_pace", "faults"},
    {"_app", "_live", "_routes"},
    {"_local"},
    {"_cli", "_pytest", "_ready", "_record", "demo"},
]
#: What the local server takes from the client, by module; every other module takes nothing.
TESTING_TAKES = {
    "_cli": {f"{PACKAGE}._version", f"{PACKAGE}.errors"},
    "_pytest": {f"{PACKAGE}.AsyncFlueClient", f"{PACKAGE}.FlueClient"},
    "_record": {f"{PACKAGE}._core.http", f"{PACKAGE}.errors"},
}


def modules(folder: str) -> list[str]:
    """Dotted names of the modules of one folder of the package."""
    place = ROOT / PACKAGE / folder
    names = sorted(path.stem for path in place.glob("*.py") if path.stem != "__init__")
    assert len(names) > 3
    return [f"{PACKAGE}.{folder}.{name}" for name in names]


def imports(module: str, top_level_only: bool = False) -> Iterator[str]:
    """Every module that `module` imports, and `package.name` for what it takes from a package."""
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text())
    package = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def within(name: str, *allowed: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)


def own(name: str) -> bool:
    return within(name, PACKAGE, "flue_client")


def library(name: str) -> str:
    """The name itself for the standard library's, else the distribution's module."""
    return name.split(".")[0]


@pytest.mark.parametrize("module", modules("_core"))
def test_the_core_imports_itself_errors_and_libraries_without_a_world(module: str) -> None:
    for name in imports(module):
        if own(name):
            assert within(name, f"{PACKAGE}._core", f"{PACKAGE}.errors"), name
        elif library(name) not in sys.stdlib_module_names:
            assert library(name) in CORE_LIBRARIES, name
        else:
            assert not within(name, *WORLD), name


def test_errors_import_values_of_the_core_only() -> None:
    for name in imports(f"{PACKAGE}.errors"):
        if own(name):
            assert within(name, f"{PACKAGE}._core.http", f"{PACKAGE}._core.jsoncodec"), name
        else:
            assert library(name) in sys.stdlib_module_names, name


@pytest.mark.parametrize("module", modules("_flue"))
def test_what_knows_Flue_imports_the_core_and_generated_code_and_does_no_IO(module: str) -> None:
    allowed = (f"{PACKAGE}._core", f"{PACKAGE}._flue", f"{PACKAGE}.errors", "flue_client")
    for name in imports(module):
        if own(name):
            assert within(name, *allowed), name
        elif library(name) not in sys.stdlib_module_names:
            assert library(name) == "attrs", name
        else:
            assert not within(name, *(WORLD - {"threading"})), name


def test_only_one_module_uses_the_generated_request_builders() -> None:
    users = [
        module
        for module in [*modules("_core"), *modules("_flue"), *modules("_net"), *surface()]
        if any(within(name, "flue_client.api", "flue_client.client") for name in imports(module))
    ]
    assert users == [f"{PACKAGE}._flue.api"]


@pytest.mark.parametrize("module", modules("_net"))
def test_a_driver_imports_no_surface_and_not_the_other_world(module: str) -> None:
    allowed = [f"{PACKAGE}.{name}" for name in ("_core", "_net", "errors", "signals")]
    allowed += [f"{PACKAGE}._flue.many", f"{PACKAGE}._flue.results"]
    world = module.rpartition(".")[2].partition("_")[0]
    other = {"sync": "async_", "async": "sync_"}.get(world)
    for name in imports(module):
        if own(name):
            assert within(name, *allowed), name
            assert other is None or not name.startswith(f"{PACKAGE}._net.{other}"), name
        elif library(name) not in sys.stdlib_module_names:
            assert library(name) in {"attrs", "httpx", "anyio", "certifi"}, name


def test_what_serves_both_drivers_imports_neither() -> None:
    for module in modules("_net"):
        if module.rpartition(".")[2].startswith(("sync_", "async_")):
            continue
        for name in imports(module):
            assert not within(name, *(m for m in modules("_net") if "sync_" in m)), (module, name)


def test_generated_code_knows_nothing_of_the_layer_over_it() -> None:
    for path in (ROOT / "flue_client").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        assert not any(within(name, PACKAGE) for name in imports(module.removesuffix(".__init__")))


def test_no_module_imports_itself_through_others() -> None:
    every = [*modules("_core"), *modules("_flue"), *modules("_net"), *surface()]
    assert not circles(every, top_level_only=True)


def test_no_module_of_the_local_server_imports_itself_through_others() -> None:
    assert not circles(modules("testing"))


def test_each_module_of_the_local_server_stands_in_one_ring() -> None:
    placed = sorted(name for ring in TESTING_RINGS for name in ring)
    assert placed == sorted(module.rpartition(".")[2] for module in modules("testing"))


@pytest.mark.parametrize("module", modules("testing"))
def test_the_local_server_imports_its_own_and_lower_rings(module: str) -> None:
    own_name = module.rpartition(".")[2]
    ring = next(at for at, names in enumerate(TESTING_RINGS) if own_name in names)
    allowed = {f"{TESTING}.{name}" for names in TESTING_RINGS[: ring + 1] for name in names}
    allowed |= TESTING_TAKES.get(own_name, set())
    for name in targets(module):
        if own(name):
            assert within(name, *allowed), name


def test_the_client_imports_nothing_of_the_local_server() -> None:
    init, *others = [PACKAGE, *modules("_core"), *modules("_flue"), *modules("_net"), *surface()]
    for module in others:
        assert not any(within(name, TESTING) for name in imports(module)), module
    assert {name for name in targets(init) if within(name, TESTING)} == {TESTING}
    assert not any(within(name, TESTING) for name in imports(init, top_level_only=True))


def targets(module: str) -> Iterator[str]:
    """What `module` imports, wherever it does, less a package from which it takes a name."""
    every = [*imports(module)]
    for name in every:
        if not any(other.startswith(f"{name}.") for other in every):
            yield name


def circles(every: list[str], top_level_only: bool = False) -> list[str]:
    """The modules that import themselves through others, or stand between such."""
    edges = {module: set(imports(module, top_level_only)) & set(every) for module in every}
    while leaves := {module for module, needed in edges.items() if not needed & edges.keys()}:
        edges = {module: needed for module, needed in edges.items() if module not in leaves}
    return sorted(edges)


def surface() -> list[str]:
    return [
        f"{PACKAGE}.{path.stem}"
        for path in sorted((ROOT / PACKAGE).glob("*.py"))
        if path.stem not in ("__init__", "__main__")
    ]
