"""What a push service is handed, and what it must be able to do."""

from dataclasses import dataclass
from typing import Protocol

from loyalty.customers.api import DeviceView
from loyalty.delivery.contracts import Outgoing
from loyalty.delivery.errors import DeliveryError

# Both services take 4,096 bytes (FCM: "Message payload limit"; APNs: "Generating a remote notification").
PAYLOAD_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Push:
    """One message to one device."""

    message: Outgoing
    device: DeviceView


class TokenDead(DeliveryError):
    """The service knows the token no more: the device is disabled, and nothing is sent there again."""

    def __init__(self, detail: str) -> None:
        super().__init__("push.token_dead", detail[:300], is_permanent=True, is_recipient=True)


class Carrier(Protocol):
    """One push service."""

    def send(self, push: Push) -> str:
        """Hand one message over and give the service's name for it; called in threads without a database.

        :raises TokenDead: nobody has the token any more.
        :raises DeliveryError: says whether it may be tried again.
        """
        ...
