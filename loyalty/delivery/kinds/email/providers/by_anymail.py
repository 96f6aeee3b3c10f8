"""Services behind django-anymail: its backends make the requests and read the answers, egress makes the calls."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import requests
from anymail.exceptions import (  # type: ignore[import-untyped]
    AnymailError,
    AnymailNotSupportedWarning,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from django.core.mail.message import BadHeaderError
from requests.adapters import BaseAdapter

from loyalty.delivery.contracts import Outgoing, Receipt
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.email.mails import mail_of
from loyalty.delivery.kinds.http import DETAIL_LENGTH_MAX, Kept, Provider, at_once
from loyalty.foundation.configuration.api import Section

# Headers that belong to the call and not to the request.
OWN_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding", "accept-encoding"})
# anymail tells that nobody pays it for testing SendGrid any more; our own tests do.
warnings.filterwarnings("ignore", category=AnymailNotSupportedWarning)

Maker = Callable[[Mapping[str, Any]], Any]


class EgressAdapter(BaseAdapter):
    """Sends what anymail asks of ``requests`` through the one way out."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        """Make the call.

        :raises DeliveryError: no answer came; says whether the mail may have gone.
        """
        body = request.body or b""
        assert isinstance(body, str | bytes)  # no backend of ours streams
        headers = {name: str(value) for name, value in request.headers.items() if name.lower() not in OWN_HEADERS}
        answered = self._provider.call(
            str(request.method),
            str(request.url),
            headers=headers,
            content=body.encode() if isinstance(body, str) else body,
        )
        response = requests.Response()
        response.status_code, response.reason = answered.status_code, answered.reason_phrase
        response.headers.update(answered.headers)
        response.url, response.request, response.encoding = str(request.url), request, "utf-8"
        response._content = answered.content
        return response

    def close(self) -> None:
        """Keep the connections: they outlive a batch."""


class AnymailConnection:
    """One service with one account."""

    def __init__(self, section: Section, make: Maker) -> None:
        self._section = section
        backend = make(section)
        self._provider = Provider("email", backend.api_url)
        session = requests.Session()
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, EgressAdapter(self._provider))
        backend.session = session
        self._backend = backend

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand mails over, several at a time."""
        return at_once(self.send, messages)

    def send(self, message: Outgoing) -> Receipt:
        """Hand one mail over.

        :raises DeliveryError: says whether it may be tried again.
        """
        mail = mail_of(message, self._section["from_email"])
        # Opens and clicks are counted by our own links.
        mail.track_opens, mail.track_clicks = False, False  # type: ignore[attr-defined]
        mail.metadata = {"send_id": str(message.send_id)}  # type: ignore[attr-defined]
        try:
            self._backend.send_messages([mail])
        except AnymailRecipientsRefused as fault:
            raise self._provider.recipient_refused(_said(fault), "recipient_refused") from fault
        except AnymailRequestsAPIError as fault:
            raise self._error_of(fault) from fault
        except (AnymailError, BadHeaderError, ValueError, UnicodeError) as fault:
            raise DeliveryError("email.address_invalid", _said(fault), is_permanent=True) from fault
        reference = mail.anymail_status.message_id  # type: ignore[attr-defined]
        return Receipt(references=(str(reference),) if reference else ())

    def _error_of(self, fault: AnymailRequestsAPIError) -> DeliveryError:
        answered = fault.response
        if answered is None or answered.status_code is None or answered.ok:
            # It was answered that it went well, in words that say nothing.
            return self._provider.unknown("The answer cannot be read.")
        refused = httpx.Response(int(answered.status_code), headers=dict(answered.headers))
        return self._provider.error_of(refused, answered.text[:DETAIL_LENGTH_MAX])


class Ways:
    """The way to one service; its account may change while the platform runs."""

    def __init__(self, make: Maker) -> None:
        self._kept = Kept(lambda section: AnymailConnection(section, make))

    @contextmanager
    def connect(self, section: Section) -> Iterator[AnymailConnection]:
        """Give the service."""
        yield self._kept.of(section)


def _said(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault).splitlines()[0] if str(fault) else ''}"[:DETAIL_LENGTH_MAX]


def address_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Give the address of the API where it is another than the service's own."""
    return {"api_url": values["api_url"]} if values["api_url"] else {}


def ask(api_url: str, path: str, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None) -> None:
    """Make a call that changes nothing, to see whether our key is known.

    :raises DeliveryError: it is refused, or no answer came.
    """
    provider = Provider("email", api_url)
    try:
        response = provider.call("GET", f"/{path}", headers=headers, auth=auth)
    finally:
        provider.close()
    if not response.is_success:
        raise provider.error_of(response, "")
