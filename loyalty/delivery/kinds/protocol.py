"""What a channel must be able to do."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from loyalty.delivery.contracts import Outgoing, Receipt, Rendered
from loyalty.foundation.kernel.errors import FieldProblem


class Connection(Protocol):
    """An open way to the next server, used for a whole batch."""

    def send(self, message: Outgoing) -> Receipt:
        """Hand one message over.

        :raises DeliveryError: it was not taken, or nobody knows.
        """
        ...


class Channel(Protocol):
    """One kind of channel."""

    code: str

    def problems_of(self, content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
        """Tell what is wrong with a content; ``known`` are the names a template may use."""
        ...

    def variables_of(self, content: Mapping[str, str]) -> tuple[str, ...]:
        """Give the names that a content uses."""
        ...

    def render(
        self, content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None, is_marketing: bool
    ) -> Rendered:
        """Give the message of one customer; without a ``send_id`` nothing in it is tracked.

        :raises VariableMissing: a value is missing that has no fallback.
        """
        ...

    def headers(self, *, send_id: int, is_marketing: bool) -> Mapping[str, str]:
        """Give the headers of one message."""
        ...

    def connect(self) -> AbstractContextManager[Connection]:
        """Open the way.

        :raises DeliveryError: with ``is_channel_down``, when there is none.
        """
        ...
