"""What a channel must be able to do."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from loyalty.delivery.contracts import Outgoing, Receipt, Rendered
from loyalty.delivery.errors import DeliveryError
from loyalty.foundation.kernel.errors import FieldProblem


class Connection(Protocol):
    """An open way to the next server, used for a whole batch."""

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand a window of messages over; give what became of each, in their order.

        A shorter answer, or an error with ``is_channel_down``, says that nothing of the rest was sent.
        """
        ...


class Channel(Protocol):
    """One kind of channel.

    ``window`` is how many messages are under way between two commits: more is faster, and a killed worker leaves so
    many of which nobody knows whether they went. A channel that has ``is_repeatable`` knows a message by its send: one
    that may have gone is handed over again, and still reaches the customer once. ``address_words`` say what an address
    of it is ("an e-mail address").
    """

    code: str
    window: int
    address_words: str

    def is_configured(self) -> bool:
        """Tell whether this installation has what the channel needs to send."""
        ...

    def is_address(self, text: str) -> bool:
        """Tell whether a test message could go there."""
        ...

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
