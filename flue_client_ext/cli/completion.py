"""`flue-client completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ._out import print_text


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script that completes this command in a shell.

    \b
    bash:  eval "$(flue-client completion bash)"      in ~/.bashrc
    zsh:   eval "$(flue-client completion zsh)"       in ~/.zshrc
    fish:  flue-client completion fish | source       in ~/.config/fish/config.fish
    """
    from ._group import group

    completion = get_completion_class(shell)
    assert completion is not None
    made = completion(group, {}, "flue-client", "_FLUE_CLIENT_COMPLETE")
    print_text(made.source())
