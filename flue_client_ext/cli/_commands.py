"""The commands. A new one is a line here, and a module of its name with the attribute `command`."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: its name, its line in the help, and the section of the help."""

    name: str
    help: str
    section: str

    @property
    def module(self) -> str:
        """The module that is imported when the command is used."""
        return f"{__package__}.{self.name.replace('-', '_')}"


COMMANDS = (
    Entry("invoke", "Start a run and print its id; with --wait, its result.", "Workflows"),
    Entry("run", "Start a run, show what it does, and print its result.", "Workflows"),
    Entry("get", "Print a run's record.", "Workflows"),
    Entry("events", "Print a run's events up to now.", "Workflows"),
    Entry("follow", "Print a run's events as they come, until it ends.", "Workflows"),
    Entry("map", "Run a workflow once for each line of a file.", "Workflows"),
    Entry("ask", "Send a message to an agent and print its reply.", "Agents"),
    Entry("chat", "Talk to an agent at the terminal.", "Agents"),
    Entry("history", "Print the messages of a conversation.", "Agents"),
    Entry("watch", "Show a conversation as it goes on.", "Agents"),
    Entry("ask-all", "Send each line of a file to an agent.", "Agents"),
    Entry("doctor", "Say what is wrong on the way to a server, and what to do.", "Servers"),
    Entry("report", "Write a page about a run or a conversation.", "Reports"),
    Entry("completion", "Print the completion script of a shell.", "This command"),
)

#: The commands of `flue_client_ext.testing`, which need no extra of the command line.
LOCAL = (
    Entry("dev", "Serve workflows and agents written in Python.", "Local server"),
    Entry("record", "Save a run of a real server to a file.", "Local server"),
    Entry("replay", "Serve a recorded run.", "Local server"),
)
