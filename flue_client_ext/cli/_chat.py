"""A conversation at the terminal: reads lines, sends them, shows the answers."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..attachments import Attachment
from ..errors import FlueError, FlueExecutionError, UnsupportedByServerError
from ._asking import Asking
from ._codes import EXECUTION_FAILED, FAILED
from ._conversation_view import ConversationView
from ._interruption import Interruption
from ._lines import is_interactive, line_reader
from ._out import note, print_text
from ._reply_view import ReplyView
from ._retrying import telling
from ._termination import terminated

if TYPE_CHECKING:
    from .._flue.conversation_state import ConversationState
    from ..conversation import Conversation

SHOWN_AT_FIRST = 4
_HELP = """\
/abort         stop what the agent does, also what others have asked
/attach FILE   send a file with the next message
/history       show the whole conversation
/quit          leave (Ctrl-D does, too)
//...          send a message that begins with a slash
Ctrl-C         stop the answer"""


class Chat:
    """One conversation, with the files for the next message. `timeout`: seconds for an answer."""

    def __init__(
        self,
        conversation: Conversation,
        agent: str,
        live: str,
        timeout: float | None,
        newest: int = SHOWN_AT_FIRST,
    ) -> None:
        self._conversation = conversation
        self._agent = agent
        self._live = live
        self._newest = newest
        self._timeout = timeout
        self._files: list[Attachment] = []
        self._code = 0
        self._commands: dict[str, Callable[[str], None]] = {
            "/abort": self._abort,
            "/attach": self._attach,
            "/help": self._help,
            "/history": self._history,
        }

    def run(self) -> int:
        """Talk until the end; return the exit code, which counts for piped lines only."""
        state = self._first_state()
        read = line_reader(_said_before(state), (*self._commands, "/quit"))
        if is_interactive():
            self._greet(state)
        while (line := self._line(read)) != "/quit":
            name, _, rest = line.partition(" ")
            if line.startswith("/") and not line.startswith("//"):
                self._commands.get(name, self._unknown)(rest.strip())
            elif line:
                self._answer(line.removeprefix("/") if line.startswith("//") else line)
        return 0 if is_interactive() else self._code

    def _line(self, read: Callable[[str], str]) -> str:
        """Read the next line; `/quit` at the end."""
        files = f"[{len(self._files)} attached] " if self._files else ""
        while True:
            try:
                return read(f"{files}you> ").strip()
            except EOFError:
                return "/quit"
            except KeyboardInterrupt:
                if terminated() or not is_interactive():
                    raise
                note("/quit or Ctrl-D leaves.")

    def _answer(self, message: str) -> None:
        """Send a message and show the answer as it comes."""
        files, self._files = self._files, []
        try:
            with Interruption() as interruption:
                asking = Asking(
                    self._conversation, message, files, live=self._live, timeout=self._timeout
                )
                interruption.stops(asking.stop)
                if interruption.happened:  # nothing was sent
                    return
                with ReplyView(sys.stdout) as view:
                    asking.show(view)
            if terminated():
                raise KeyboardInterrupt
            if interruption.happened:
                self._stop(asking, message, files)
        except KeyboardInterrupt:
            note("The agent goes on; /abort stops it.")
            if terminated():
                raise
        except (FlueError, ValueError) as error:
            self._failed(error)

    def _stop(self, asking: Asking, message: str, files: list[Attachment]) -> None:
        """Stop the agent, and wait until it has stopped."""
        sent, key = asking.admission, asking.key
        if sent is None:
            if key is None:
                note("Whether the message has arrived is not known: see /history.")
                return
            # Finish the send first, or the message could arrive behind the stop.
            sent = self._conversation.send(message, attachments=files, idempotency_key=key)
        self._conversation.abort()
        try:
            reply = self._conversation.read(sent, timeout=self._timeout)
        except FlueExecutionError as error:
            if error.failure != "aborted":
                raise
            note("Stopped.")
        else:
            note("The answer was complete already:")
            print_text(reply.text)

    def _failed(self, error: Exception) -> None:
        note(f"flue-client: {error}")
        self._code = EXECUTION_FAILED if isinstance(error, FlueExecutionError) else FAILED

    def _abort(self, rest: str) -> None:
        self._try(lambda: note("Stopped." if self._conversation.abort() else "Nothing to stop."))

    def _attach(self, rest: str) -> None:
        if not rest:
            note("Which file? /attach FILE")
            return
        self._try(lambda: self._files.append(Attachment.from_path(_path(rest))))

    def _history(self, rest: str) -> None:
        self._try(lambda: self._show(self._state(), None))

    def _help(self, rest: str) -> None:
        print_text(_HELP)

    def _unknown(self, rest: str) -> None:
        note("There is no such command: /help lists them.")

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (FlueError, ValueError, OSError) as error:
            self._failed(error)

    def _state(self) -> ConversationState:
        options = telling()
        with self._conversation.observe(timeout=self._timeout, backoff_options=options) as states:
            return next(states)

    def _first_state(self) -> ConversationState:
        """What there is already; nothing before 1.0.0-beta.8, where no history can be read."""
        from .._flue.conversation_state import ConversationState

        try:
            return self._state()
        except UnsupportedByServerError:
            return ConversationState(phase="live")

    def _greet(self, state: ConversationState) -> None:
        if state.phase == "absent":
            print_text(f"A new conversation with {self._agent}.")
        self._show(state, self._newest)
        if state.busy:
            print_text("The agent is at work: /abort stops it.")
        print_text("/help lists the commands.")

    def _show(self, state: ConversationState, newest: int | None) -> None:
        messages = [message.to_dict() for message in state.messages]
        with ConversationView(sys.stdout, moving=False) as view:
            view.messages(messages[-newest or len(messages) :] if newest is not None else messages)


def _said_before(state: ConversationState) -> list[str]:
    """What the user has said in one line, for the arrow keys."""
    parts = (part for each in state.messages if each.role == "user" for part in each.parts)
    texts = (part.text for part in parts if part.type == "text")
    return [text for text in texts if text and text.isprintable()]


def _path(given: str) -> str:
    """The path that was typed; terminals quote the name of a file that is dropped on them."""
    words = [given] if os.path.exists(os.path.expanduser(given)) else shlex.split(given)
    return os.path.expanduser(words[0] if len(words) == 1 else given)
