"""Facts that delivery publishes; key and subject are the customer."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class MessageFact(Fact):
    """What all facts of a message carry."""

    send_id: str
    channel: str
    customer_id: str
    occurrence_key: str
    source_kind: str
    source_ref: str


@dataclass(frozen=True, slots=True)
class MessageSent(MessageFact):
    """The channel's next server took the message over."""

    type: ClassVar[str] = "message.sent"


@dataclass(frozen=True, slots=True)
class MessageDelivered(MessageFact):
    """The customer's own server has the message."""

    type: ClassVar[str] = "message.delivered"


@dataclass(frozen=True, slots=True)
class MessageOpened(MessageFact):
    """The message was shown for the first time; may come from a machine."""

    type: ClassVar[str] = "message.opened"


@dataclass(frozen=True, slots=True)
class MessageClicked(MessageFact):
    """A link of the message was followed for the first time."""

    type: ClassVar[str] = "message.clicked"
    target: str = ""


@dataclass(frozen=True, slots=True)
class MessageBounced(MessageFact):
    """The address was refused for good."""

    type: ClassVar[str] = "message.bounced"
    code: str = ""


@dataclass(frozen=True, slots=True)
class MessageComplained(MessageFact):
    """The customer called the message spam: nothing more goes to the address, and consent is withdrawn."""

    type: ClassVar[str] = "message.complained"
    code: str = ""
