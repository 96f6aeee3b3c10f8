"""Where a request came from: kept beside it while it is answered, so that whoever records a change can tell."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# The longest text of an address of version 6, and as much of a browser's name as tells it apart.
ADDRESS_LENGTH_MAX, AGENT_LENGTH_MAX = 45, 200


@dataclass(frozen=True, slots=True)
class Origin:
    """The address and the program that asked, and the request's id; all empty when the platform acts by itself."""

    address: str = ""
    agent: str = ""
    request_id: str = ""


_current: ContextVar[Origin] = ContextVar("loyalty.origin", default=Origin())  # noqa: B039 - frozen


def current() -> Origin:
    """Give where the request that is being answered came from."""
    return _current.get()


@contextmanager
def coming_from(address: str, agent: str, request_id: str = "") -> Iterator[None]:
    """Let what is done within the block come from an address and a program, by one request."""
    agent = "".join(letter if letter.isprintable() else " " for letter in agent[:AGENT_LENGTH_MAX])
    token = _current.set(Origin(address=address[:ADDRESS_LENGTH_MAX], agent=agent, request_id=request_id))
    try:
        yield
    finally:
        _current.reset(token)
