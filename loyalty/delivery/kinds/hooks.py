"""What providers tell us over HTTP: one reader per provider, which believes nothing that is not signed as set up."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from django.core.handlers.wsgi import WSGIRequest

from loyalty.delivery.contracts import ReceiptOutcome
from loyalty.delivery.errors import HookUnknown


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came; names of headers are small."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    now: datetime

    def as_request(self) -> WSGIRequest:
        """Give the call as Django's request, for libraries that read nothing else."""
        environment: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.url_scheme": "https",
        }
        environment |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        return WSGIRequest(environment)


@dataclass(frozen=True, slots=True)
class HeardReceipt:
    """What a provider says of one of its references; without an instant it was now."""

    reference: str
    outcome: ReceiptOutcome
    detail: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HeardMessage:
    """What a customer wrote."""

    reference: str
    from_address: str
    to_address: str
    body: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call said; ``answer`` is what the provider wants to read back."""

    receipts: tuple[HeardReceipt, ...] = ()
    messages: tuple[HeardMessage, ...] = ()
    answer: str = ""


class Hook(Protocol):
    """Reads the calls of one provider."""

    def hear(self, call: Call, values: Mapping[str, Any]) -> Heard:
        """Check and read a call.

        :raises HookRefused: it is not signed as the section asks, or makes no sense.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader of a provider lies, and the section that says whether the provider is the one in use."""

    module: str
    section: str


_KINDS = "loyalty.delivery.kinds."
PLACES: Mapping[tuple[str, str], Place] = {
    ("email", "ses"): Place(_KINDS + "email.hooks.ses", "email"),
    ("email", "sendgrid"): Place(_KINDS + "email.hooks.sendgrid", "email"),
    ("email", "mailgun"): Place(_KINDS + "email.hooks.mailgun", "email"),
    ("email", "postmark"): Place(_KINDS + "email.hooks.postmark", "email"),
    ("sms", "twilio"): Place(_KINDS + "sms.providers.twilio_hook", "sms"),
    ("whatsapp", "cloud"): Place(_KINDS + "whatsapp.hook", "whatsapp"),
}


def find(channel: str, provider: str) -> tuple[Hook, str]:
    """Give the reader of a provider's calls, and the code of its section.

    :raises HookUnknown: there is none.
    """
    place = PLACES.get((channel, provider))
    if place is None:
        raise HookUnknown()
    return cast(Hook, import_module(place.module)), place.section
