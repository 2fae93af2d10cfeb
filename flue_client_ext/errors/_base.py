"""The base of all errors, and the identifiers that they carry.

An error is plain data: it pickles, and its facts are attributes of the class as well."""

from __future__ import annotations

from typing import Any, TypedDict, TypeVar, Unpack

from .._values.printable import printable

E = TypeVar("E", bound=Exception)

_REQUIRED = object()


class Fact:
    """An attribute of an error that the class has as well, for `help`, `dir` and specs of mocks,
    which do not see the attributes of instances. It reads as its default until it is set."""

    def __init__(self, doc: str, default: Any) -> None:
        self.__doc__ = doc
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, error: object, owner: type) -> Any:
        if error is None:
            return self
        if self._default is _REQUIRED:
            raise AttributeError(f"{owner.__name__} object has no attribute {self._name!r}")
        return self._default


def fact(doc: str, default: Any = _REQUIRED) -> Any:
    return Fact(doc, default)


def rebuild(cls: type[FlueError], args: tuple[Any, ...], state: dict[str, Any]) -> FlueError:
    error = cls.__new__(cls, *args)
    error.args = args  # `TimeoutError` sets it in `__init__`, whose arguments are not these
    error.__dict__.update(state)
    return error


class FlueError(Exception):
    """Base of every error of this package. Its text is printable, whatever it quotes."""

    def __init__(self, words: str = "") -> None:
        super().__init__(printable(words))

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (type(self), self.args, self.__dict__)


class Names(TypedDict, total=False):
    """The arguments under which an error takes the identifiers of its resource."""

    run_id: str | None
    conversation_url: str | None
    submission_id: str | None
    idempotency_key: str | None


class ResourceError(FlueError):
    """Base of the errors that name the resource they are about."""

    run_id: str | None = fact("The run that the call was about, where it is known.", None)
    conversation_url: str | None = fact("The conversation that the call was about, if any.", None)
    submission_id: str | None = fact("The submission, once the server has accepted it.", None)
    idempotency_key: str | None = fact(
        "The key of the send: another send with it finishes or finds this one.", None
    )

    _ends_the_work = True
    """Whether nothing of a run or a submission may go on after the error; else its text says so."""

    def __init__(self, words: str, **names: Unpack[Names]) -> None:
        super().__init__(words)
        self.__dict__.update(names)

    def __str__(self) -> str:
        """The words, and what they are about as far as they do not say it."""
        words = super().__str__()
        named = [f"{noun} {name}" for noun, name in self._about() if name not in words]
        work = "run" if self.run_id else "submission" if self.submission_id else None
        if work and not self._ends_the_work:
            named.append(f"the {work} is not stopped by this")
        return printable(f"{words} [{', '.join(named)}]") if named else words

    def _about(self) -> list[tuple[str, str]]:
        given = (
            ("run", self.run_id),
            ("submission", self.submission_id),
            ("conversation", self.conversation_url),
        )
        return [(noun, name) for noun, name in given if name]


class Identifiers:
    """The identifiers of what one call or stream is about, as far as they are known by now. Sets
    them on errors.

    Mutable, since the server names a run only when it accepts it. The attributes are those of
    `ResourceError`."""

    __slots__ = ("conversation_url", "idempotency_key", "run_id", "submission_id")

    def __init__(self, run_id: str | None = None, *, conversation_url: str | None = None) -> None:
        self.run_id = run_id
        self.conversation_url = conversation_url
        self.submission_id: str | None = None
        self.idempotency_key: str | None = None

    def attach_to(self, error: E) -> E:
        """Set the identifiers that `error` has attributes for and does not know; return it."""
        if isinstance(error, ResourceError):
            for name in self.__slots__:
                known = getattr(self, name)
                if known is not None and getattr(error, name) is None:
                    setattr(error, name, known)
        return error
