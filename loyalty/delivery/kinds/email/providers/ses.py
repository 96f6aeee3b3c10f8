"""Mails by Amazon SES: the API's version 2, which takes a whole mail, signed by Signature Version 4.

anymail reaches SES by Amazon's own library alone, whose calls cannot be led through egress; this way needs neither.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from django.core.mail.message import BadHeaderError

from loyalty.delivery.contracts import Outgoing, Receipt
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds import aws
from loyalty.delivery.kinds.email.mails import mail_of
from loyalty.delivery.kinds.http import Kept, Provider, at_once, instant_of_call, read_json, text_at
from loyalty.foundation.configuration.api import Section

PATH = "/v2/email/outbound-emails"
ACCOUNT_PATH = "/v2/email/account"
# Our account, sender or region is not set up or paused: no mail can be refused for it.
SETUP = frozenset({"AccountSuspendedException", "MailFromDomainNotVerifiedException", "SendingPausedException"})
BUSY = frozenset({"TooManyRequestsException", "LimitExceededException", "ThrottlingException"})


def address_of(values: Mapping[str, Any]) -> str:
    """Give the address of the API in a region."""
    return str(values["api_url"] or f"https://email.{values['region']}.amazonaws.com").rstrip("/")


class Ses:
    """The service with one account."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._provider = Provider("email", address_of(values))

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand mails over, several at a time."""
        return at_once(self.send, messages)

    def send(self, message: Outgoing) -> Receipt:
        """Hand one mail over.

        :raises DeliveryError: says whether it may be tried again.
        """
        sender = self._values["from_email"]
        try:
            mail = mail_of(message, sender).message().as_bytes()
        except (BadHeaderError, ValueError, UnicodeError) as fault:
            raise DeliveryError("email.address_invalid", str(fault)[:300], is_permanent=True) from fault
        body = {
            "FromEmailAddress": sender,
            "Destination": {"ToAddresses": [message.address]},
            "Content": {"Raw": {"Data": base64.b64encode(mail).decode()}},
        }
        response = self._call("POST", PATH, json.dumps(body).encode())
        reference = text_at(read_json(response), "MessageId")
        if response.is_success and reference:
            return Receipt(references=(reference,))
        raise self._error_of(response)

    def probe(self) -> None:
        """Ask for the account.

        :raises DeliveryError: it is refused, or no answer came.
        """
        response = self._call("GET", ACCOUNT_PATH, b"")
        if not response.is_success:
            raise self._error_of(response)

    def _call(self, method: str, path: str, body: bytes) -> httpx.Response:
        headers = aws.signed_headers(
            method=method,
            url=self._provider.base_url + path,
            body=body,
            content_type="application/json",
            service="ses",
            region=self._values["region"],
            key_id=self._values["access_key_id"],
            secret=self._values["api_key"],
            now=instant_of_call(),
        )
        return self._provider.call(method, path, headers=headers, content=body)

    def _error_of(self, response: httpx.Response) -> DeliveryError:
        if response.is_success:
            return self._provider.unknown("The answer names no message.")
        kind = response.headers.get("x-amzn-errortype", "").partition(":")[0]
        if kind in SETUP:
            return self._provider.down(kind, "credentials_refused")
        if kind in BUSY:
            return self._provider.busy(kind, response)
        return self._provider.error_of(response, kind)


_kept = Kept(Ses)


@contextmanager
def connect(section: Section) -> Iterator[Ses]:
    """Give the service."""
    yield _kept.of(section)


def probe(values: Mapping[str, Any]) -> None:
    """Ask for the account.

    :raises DeliveryError: it is refused, or no answer came.
    """
    Ses(values).probe()
