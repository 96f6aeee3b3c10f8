"""Which ways a mail may go; one is loaded when it is named."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from loyalty.delivery.kinds.protocol import Connection
from loyalty.foundation.configuration.api import Section

SMTP = "smtp"


@dataclass(frozen=True, slots=True)
class Way:
    """A way a mail may go: the module that goes it, and the fields of the section that it needs."""

    module: str
    needs: tuple[str, ...]
    title: str


_PROVIDERS = "loyalty.delivery.kinds.email.providers."
WAYS: Mapping[str, Way] = {
    SMTP: Way(_PROVIDERS + "smtp", ("host",), "Mail server"),
    "ses": Way(_PROVIDERS + "ses", ("region", "access_key_id", "api_key"), "Amazon SES"),
    "sendgrid": Way(_PROVIDERS + "sendgrid", ("api_key",), "SendGrid"),
    "mailgun": Way(_PROVIDERS + "mailgun", ("api_key", "domain"), "Mailgun"),
    "postmark": Way(_PROVIDERS + "postmark", ("api_key",), "Postmark"),
}


class Provider(Protocol):
    """One way of a mail."""

    def connect(self, section: Section) -> AbstractContextManager[Connection]:
        """Open the way.

        :raises DeliveryError: with ``is_channel_down``, when there is none.
        """
        ...

    def probe(self, values: Mapping[str, Any]) -> None:
        """Ask a service whether it knows our account; sends nothing. A mail server is tried by the section itself.

        :raises DeliveryError: it does not, or no answer came.
        """
        ...


def get(name: str) -> Provider:
    """Give the way of a name that the section allows."""
    return cast(Provider, import_module(WAYS[name].module))


def missing_of(values: Mapping[str, Any]) -> Sequence[str]:
    """Give the fields that the way of a section needs and that are empty."""
    return [name for name in WAYS[values["provider"]].needs if not values[name]]
