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
#: The rings of the client, the lowest first: what each may import beside itself and the standard
#: library's modules without a world (`True`: those with one, too), and which libraries.
RINGS: dict[str, tuple[set[str], set[str], bool]] = {
    "_values": (set(), {"attrs", "msgspec"}, False),
    "errors": ({"_values"}, set(), False),
    "_stream": ({"_values", "errors"}, {"attrs", "backoff", "sseclient"}, False),
    "_http": (
        {"_values", "errors"},
        {"attrs", "anyio", "certifi", "h11", "httpx", "opentelemetry"},
        True,
    ),
    "_flue": (
        {"_values", "errors", "_stream", "flue_client"},
        {"attrs", "typing_extensions"},
        False,
    ),
    "_report": ({"_values", "_version"}, {"attrs"}, False),
    "_drivers": (
        {"_values", "errors", "_stream", "_http", "signals", "_flue.many", "_flue.results"},
        {"attrs", "anyio"},
        True,
    ),
    "_doctor": (
        {"_values", "errors", "_stream", "_http", "_flue", "_drivers", "_version"},
        {"attrs", "certifi"},
        True,
    ),
}
FOLDERS = list(RINGS)
#: Below the drivers, beside what may: it carries bytes, but opens and waits for nothing.
SANS_IO = {
    "access",
    "answers",
    "certificates",
    "examination",
    "exchange",
    "finding",
    "generation",
    "http11",
    "keep_alive",
    "message",
    "operations",
    "reading",
    "request_bytes",
    "route",
    "streams",
    "subject",
    "tls",
    "tls_errors",
}
TESTING = f"{PACKAGE}.testing"
#: The rings of the local server, the lowest first.
TESTING_RINGS = [
    {"_database", "_errors", "_ids", "_json", "_listeners", "_observers", "_rules"} | {"_wake"},
    {"_beta_errors", "_clock", "_conversation_errors", "_entries", "_model", "_parts", "_request"}
    | {"_schema", "_stream_format", "_transcript"},
    {"_body", "_store", "_virtual_clock"},
    {"_beta_delivery", "_conversation_store", "_delivery", "_halt", "_message", "_protocol"},
    {"_connection", "_conversation_protocol", "_server"},
    {"_log", "_operation", "_run", "_runs", "_script", "_turn", "_workflows"},
    {"_agents", "_conversation", "_conversation_log", "_conversations", "_dialect"}
    | {"_event_fold", "_event_response", "_joins", "_response", "_step_response"}
    | {"_submissions", "_work"},
    {"_state"},
    {"_exchange"},
    {"_cut", "_inject", "_pace", "faults"},
    {"_app", "_conversation_reads", "_conversation_routes", "_event_reads", "_live", "_routes"},
    {"_registration"},
    {"_local"},
    {"_cli", "_pytest", "_ready", "_record", "_watch", "demo"},
]
#: What the local server takes from the client, by module; every other module takes nothing.
TESTING_TAKES = {
    "_cli": {f"{PACKAGE}._version", f"{PACKAGE}.errors"},
    "_pytest": {f"{PACKAGE}.AsyncFlueClient", f"{PACKAGE}.FlueClient"},
    "_record": {f"{PACKAGE}._values.http", f"{PACKAGE}.errors"},
    "_watch": {f"{PACKAGE}.errors"},
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


@pytest.mark.parametrize("module", [m for folder in FOLDERS for m in modules(folder)])
def test_a_ring_imports_those_below_it_only(module: str) -> None:
    check(module, module.split(".")[1])


def test_errors_import_values_only() -> None:
    check(f"{PACKAGE}.errors", "errors")


def check(module: str, ring: str) -> None:
    below, libraries, has_world = RINGS[ring]
    allowed = {"flue_client" if n == "flue_client" else f"{PACKAGE}.{n}" for n in {*below, ring}}
    for name in imports(module):
        if own(name):
            assert within(name, *allowed), name
        elif library(name) not in sys.stdlib_module_names:
            assert library(name) in libraries, name
        elif not has_world or module.rpartition(".")[2] in SANS_IO:
            assert not within(name, *(WORLD - {"threading"} if ring == "_flue" else WORLD)), name


def test_the_engine_by_itself_reaches_nothing_of_flue() -> None:
    """`durable_streams` and all that it imports, and what these import."""
    every, reached, new = client(), set[str](), {f"{PACKAGE}.durable_streams"}
    while new:
        reached |= new
        new = {name for module in new for name in imports(module)} & set(every) - reached
    assert f"{PACKAGE}._stream.follow" in reached
    for module in reached:
        for name in imports(module):
            assert not within(name, "flue_client", f"{PACKAGE}._flue", f"{PACKAGE}._calls"), module


def test_only_two_modules_use_the_generated_request_builders() -> None:
    users = [
        module
        for module in client()
        if any(within(name, "flue_client.api", "flue_client.client") for name in imports(module))
    ]
    assert users == [f"{PACKAGE}._flue.conversation_requests", f"{PACKAGE}._flue.requests"]


@pytest.mark.parametrize("module", [*modules("_http"), *modules("_drivers")])
def test_blocking_and_async_modules_do_not_import_each_other(module: str) -> None:
    world = module.rpartition(".")[2].partition("_")[0]
    others = {"sync": ("async_",), "async": ("sync_",)}.get(world, ("sync_", "async_"))
    for name in imports(module):
        if within(name, f"{PACKAGE}._http", f"{PACKAGE}._drivers"):
            assert not name.rpartition(".")[2].startswith(others), name


def test_generated_code_knows_nothing_of_the_layer_over_it() -> None:
    for path in (ROOT / "flue_client").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        assert not any(within(name, PACKAGE) for name in imports(module.removesuffix(".__init__")))


def test_no_module_imports_itself_through_others() -> None:
    assert not circles(client())


def test_no_module_of_the_local_server_imports_itself_through_others() -> None:
    assert not circles(modules("testing"))


def test_nothing_imports_the_command_line_and_it_needs_its_own_libraries_only() -> None:
    cli = f"{PACKAGE}.cli"
    for module in [PACKAGE, *client(), *modules("testing")]:
        assert not any(within(name, cli) for name in imports(module)), module
    own_libraries = {"attrs", "click", "prompt_toolkit", "rich"}
    for module in modules("cli"):
        others = {library(name) for name in imports(module) if not own(name)}
        assert others - set(sys.stdlib_module_names) <= own_libraries, module
        for name in imports(module, top_level_only=True):
            wanted = module.rpartition(".")[2].startswith("_")
            assert library(name) not in ("prompt_toolkit", "rich") or wanted, module


def test_no_module_of_the_command_line_imports_itself_through_others() -> None:
    assert not circles(modules("cli"), top_level_only=True)


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
    init, *others = [PACKAGE, *client()]
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


def client() -> list[str]:
    return [*(module for folder in FOLDERS for module in modules(folder)), *surface()]
