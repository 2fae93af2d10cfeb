"""The pytest plugin, as its users' test runs see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.support import BY_NAME, PLUGIN

pytest_plugins = ["pytester"]


@pytest.fixture
def users(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Without the plugins of others, which take seconds to load."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def test_the_fixtures_are_separate_for_each_test(users: pytest.Pytester) -> None:
    users.makepyfile("""
        import pytest
        seen = []

        @pytest.mark.parametrize("n", range(3))
        def test_fresh(flue_server, flue_client, n):
            assert flue_server.run_ids() == [] and not flue_server.workflows
            flue_server.workflow("w")(lambda run: n)
            assert flue_client.workflows.invoke("w", wait="result").result == n
            assert flue_server.url not in seen
            seen.append(flue_server.url)
    """)
    ran = users.runpytest_subprocess("-W", "error", *BY_NAME, timeout=60)
    ran.assert_outcomes(passed=3)


def test_the_server_has_the_options_of_the_test(users: pytest.Pytester) -> None:
    users.makepyfile("""
        import pytest

        @pytest.fixture
        def flue_options(tmp_path):
            return {"token": "t", "prefix": "/api"}

        def test_options(flue_server, flue_client):
            flue_server.workflow("w")(lambda run: 5)
            assert flue_server.url.endswith("/api") and flue_server.token == "t"
            assert flue_client.workflows.invoke("w", wait="result").result == 5
    """)
    ran = users.runpytest_subprocess("-W", "error", *BY_NAME, timeout=60)
    ran.assert_outcomes(passed=1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("close", ["async with client:", "if True:"])
def test_the_async_client_works_on_any_loop_closed_or_not(
    users: pytest.Pytester, backend: str, close: str
) -> None:
    users.makepyfile(f"""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "{backend}"

        @pytest.mark.anyio
        async def test_async(flue_server, async_flue_client):
            client = async_flue_client
            flue_server.workflow("w")(lambda input, run: input)
            {close}
                done = await client.workflows.run("w", input=[1])
                assert done.result == [1]
    """)
    ran = users.runpytest_subprocess("-W", "error", *BY_NAME, "-p", "anyio", timeout=60)
    ran.assert_outcomes(passed=1)


def test_the_async_client_works_without_any_runner_plugin(users: pytest.Pytester) -> None:
    users.makepyfile("""
        import asyncio

        def test_async(flue_server, async_flue_client):
            flue_server.workflow("w")(lambda run: 5)

            async def main():
                return (await async_flue_client.workflows.invoke("w", wait="result")).result

            assert asyncio.run(main()) == 5
    """)
    ran = users.runpytest_subprocess("-W", "error", *BY_NAME, timeout=60)
    ran.assert_outcomes(passed=1)


def test_a_session_that_uses_none_of_it_imports_next_to_nothing(
    users: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin comes by its entry point."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    users.makepyfile("""
        import sys

        def test_light():
            heavy = {"httpx", "h11", "jsonschema", "flue_client_ext.testing._local"}
            assert not heavy & set(sys.modules)
    """)
    others = [
        word for name in ("schemathesis", "respx", "pytest_httpx") for word in ("-p", f"no:{name}")
    ]
    ran = users.runpytest_subprocess(*others, *PLUGIN, timeout=60)
    ran.assert_outcomes(passed=1)


def test_the_fixtures_do_not_go_through_a_proxy(
    users: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.makepyfile("""
        import anyio, os

        def test_direct(flue_server, flue_client, async_flue_client):
            assert os.environ["HTTP_PROXY"] and not os.environ["NO_PROXY"]
            flue_server.workflow("w")(lambda run: 5)
            assert flue_client.workflows.invoke("w", wait="result").result == 5

            async def call():
                async with async_flue_client as client:
                    return await client.workflows.invoke("w", wait="result")

            assert anyio.run(call).result == 5
    """)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    ran = users.runpytest_subprocess("-W", "error", *BY_NAME, timeout=60)
    ran.assert_outcomes(passed=1)
