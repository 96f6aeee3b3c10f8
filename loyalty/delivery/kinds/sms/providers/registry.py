"""Which providers carry text messages; one is loaded only when it is named."""

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol, cast

from loyalty.delivery.kinds.protocol import Connection

# A provider's module is not imported before it is used: SMPP's library is an extra.
PROVIDERS = {"smpp": "loyalty.delivery.kinds.sms.providers.smpp"}


class Provider(Protocol):
    """One way to a network."""

    def connect(self) -> AbstractContextManager[Connection]:
        """Open the way.

        :raises DeliveryError: with ``is_channel_down``, when there is none.
        """
        ...


def get(name: str) -> Provider:
    """Give the provider of a name that the settings allow."""
    return cast(Provider, import_module(PROVIDERS[name]))
