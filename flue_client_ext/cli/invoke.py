"""`flue-client invoke`."""

from __future__ import annotations

from typing import Any

import click

from ..errors import InvokeOutcomeUnknownError
from ._codes import EXECUTION_FAILED
from ._going_on import going_on
from ._options import Server, input_option, server_options
from ._out import note, print_json


@click.command()
@click.argument("name", metavar="NAME")
@input_option
@click.option("--wait", is_flag=True, help="Hold the request until the run has ended.")
@server_options
def command(server: Server, name: str, value: Any, wait: bool) -> int:
    """Start a run of the workflow NAME and print its id.

    With --wait, print its result as well. A run that fails then is an answer 500, without the id;
    `flue-client run` tells more.
    """
    with server.client() as client:
        if not wait:
            print_json(client.workflows.invoke(name, input=value).to_dict())
            return 0
        words = "A run that was started goes on at the server."
        with going_on(lambda _: words, KeyboardInterrupt, InvokeOutcomeUnknownError):
            return _wait(client, name, value, server.timeout)


def _wait(client: Any, name: str, value: Any, timeout: float | None) -> int:
    from ..errors import FlueApiError

    try:
        done = client.workflows.invoke(name, input=value, wait="result", timeout=timeout)
    except FlueApiError as error:
        if error.status != 500 or error.type is None:
            raise
        note(f"flue-client: {error}")
        return EXECUTION_FAILED
    print_json(done.to_dict())
    return 0
