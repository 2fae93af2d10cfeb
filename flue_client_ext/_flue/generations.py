"""The generations of the agents' protocol, and which one each agent of a client speaks."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from .._values.checks import wrong_value

Generation: TypeAlias = Literal["2", "beta.8", "beta.3"]
"""The first version of Flue that speaks it: `2` for 2.0.0 and later, `beta.8` for 1.0.0-beta.8 and
beta.9, `beta.3` for 1.0.0-beta.3 to beta.7."""

_NAMES: tuple[Generation, ...] = get_args(Generation)


def checked(value: object) -> Generation | None:
    """Return the generation that the user states; `None` where it is to be found out."""
    if value is None:
        return None
    for name in _NAMES:
        if value == name:
            return name
    raise wrong_value("generation", '"2", "beta.8", "beta.3" or None', value)


class Generations:
    """The generations that a client has found out, by agent; thread-safe, bounded.

    The conversations of one agent are at one server, so what is known of one holds for all: the key
    is the conversation's URL without its last segment. There is no lock, as in `Started`: two
    threads that find out the same thing at once write the same value.
    """

    _MOST = 1024

    def __init__(self, stated: Generation | None = None, shared: Generations | None = None) -> None:
        self.stated: Generation | None = stated
        self._found: dict[str, Generation] = {} if shared is None else shared._found
        self._searches: dict[str, object] = {} if shared is None else shared._searches

    def stating(self, stated: Generation | None) -> Generations:
        """The same memory, with another generation that the user states, or none."""
        return Generations(stated, self)

    def of(self, conversation_url: str) -> Generation | None:
        """The generation of a conversation, `None` if it is not known."""
        found = self._found.get(_agent(conversation_url))
        return found if self.stated is None else self.stated

    def remember(self, conversation_url: str, generation: Generation) -> None:
        """Keep what was found out. What the user has stated stays as it is."""
        if self._found.get(_agent(conversation_url)) == generation:
            return
        self._found[_agent(conversation_url)] = generation
        try:
            while len(self._found) > self._MOST:
                self._found.pop(next(iter(self._found)), None)
        except (StopIteration, RuntimeError):
            pass  # another thread has changed it meanwhile; the next call makes room

    def forget(self, conversation_url: str) -> None:
        """Drop what was found out: the server is another one by now."""
        self._found.pop(_agent(conversation_url), None)

    def begin_search(self, conversation_url: str) -> bool:
        """Begin to find out a generation; `False` where another call is about it."""
        search = object()  # `setdefault` is atomic: of two threads, one begins
        return self._searches.setdefault(_agent(conversation_url), search) is search

    def end_search(self, conversation_url: str) -> None:
        """Let others search, whether or not something was found."""
        self._searches.pop(_agent(conversation_url), None)


def _agent(conversation_url: str) -> str:
    return conversation_url.rpartition("/")[0]
