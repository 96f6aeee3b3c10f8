"""Refused outcomes: each has a stable code; its family says what the edge answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with one place of the input; ``field`` is a dotted path or a JSON path."""

    field: str
    code: str
    message: str


class Refusal(Exception):
    """The platform understood the request and refuses it; nothing was changed.

    :param detail: a sentence for people.
    :param problems: what is wrong, place by place.
    :param facts: figures that go with the answer, for example the available balance.
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str = "", *, problems: Sequence[FieldProblem] = (), **facts: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.problems = tuple(problems)
        self.facts = facts


class Invalid(Refusal):
    """The input cannot be read or breaks a rule of form."""

    code = "invalid"
    title = "Invalid input"


class Unprocessable(Refusal):
    """The input is well-formed but contradicts something that already stands."""

    code = "unprocessable"
    title = "Cannot be processed"


class Unauthenticated(Refusal):
    """Nobody is known to be asking."""

    code = "unauthenticated"
    title = "Sign in first"


class Forbidden(Refusal):
    """The asker is known and may not."""

    code = "forbidden"
    title = "Not allowed"


class NotFound(Refusal):
    """The thing named does not exist for the asker."""

    code = "not_found"
    title = "Not found"


class Conflict(Refusal):
    """The present state does not allow it."""

    code = "conflict"
    title = "Conflict"


class PreconditionFailed(Refusal):
    """Someone else changed the object first."""

    code = "precondition_failed"
    title = "Changed in the meantime"


class TooLarge(Refusal):
    """The input exceeds a stated limit of size."""

    code = "too_large"
    title = "Too large"


class Unavailable(Refusal):
    """A system that is needed does not answer; trying again later may work."""

    code = "unavailable"
    title = "Not available now"


class TooMany(Refusal):
    """Asked too often; ``retry_after_s`` among the facts tells after how many seconds it may work."""

    code = "too_many"
    title = "Too many requests"
