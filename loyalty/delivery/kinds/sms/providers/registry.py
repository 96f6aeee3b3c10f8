"""Which providers carry text messages; one is loaded only when it is named."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from loyalty.delivery.kinds.protocol import Connection
from loyalty.foundation.configuration.api import Section

# The code of the section.
SMS = "sms"
# How lines to a message centre are bound (SMPP 3.4, 2.2): some operators allow no receiver of its own.
APART, TRANSCEIVER = "apart", "transceiver"
LINES = (APART, TRANSCEIVER)
_HERE = "loyalty.delivery.kinds.sms.providers."


@dataclass(frozen=True, slots=True)
class Way:
    """A provider: its module, imported when it is used (SMPP's library is an extra), and the fields that it needs."""

    module: str
    needs: tuple[str, ...]
    title: str


WAYS: Mapping[str, Way] = {
    "smpp": Way(_HERE + "smpp", ("host",), "Message centre"),
    "twilio": Way(_HERE + "twilio", ("account", "api_key", "sender"), "Twilio"),
    "sns": Way(_HERE + "sns", ("account", "api_key", "region"), "Amazon SNS"),
}


class Incoming:
    """What keeps a unit that a centre brings, by the name of its line; set where the domain is put together."""

    keep: Callable[[Any, str, datetime], None] | None = None


class Provider(Protocol):
    """One way to a network."""

    def connect(self, section: Section) -> AbstractContextManager[Connection]:
        """Open the way.

        :raises DeliveryError: with ``is_channel_down``, when there is none.
        """
        ...

    def probe(self, values: Mapping[str, Any]) -> None:
        """Try whether the provider lets us in; sends nothing.

        :raises DeliveryError: it does not, or no answer came.
        """
        ...


def get(name: str) -> Provider:
    """Give the provider of a name that the section allows."""
    return cast(Provider, import_module(WAYS[name].module))


def missing_of(values: Mapping[str, Any]) -> list[str]:
    """Give the fields that the provider of a section needs and that are empty."""
    return [name for name in WAYS[values["provider"]].needs if not values[name]]


def is_sms_set(values: Mapping[str, Any]) -> bool:
    """Tell whether text messages can be sent."""
    return values["provider"] in WAYS and not missing_of(values)
