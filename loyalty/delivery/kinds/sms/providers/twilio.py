"""Text messages by Twilio's API, and by those shaped like it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from django.conf import settings

from loyalty.delivery.contracts import Outgoing, Receipt
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.http import Kept, Provider, at_once, read_json, text_at
from loyalty.delivery.kinds.sms.segments import segments_of
from loyalty.foundation.configuration.api import Section

API_URL = "https://api.twilio.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# Twilio, "Error and warning dictionary": no number, no mobile one, one that asked us to stop.
NUMBER_REFUSED = frozenset({"21211", "21214", "21217", "21421", "21610", "21614"})
BUSY = frozenset({"20429", "14107", "21611", "30001"})
SETUP = frozenset({"20003", "20005", "21606", "21603", "21212", "20404"})


class Twilio:
    """The API with one account."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._provider = Provider("sms", values["api_url"] or API_URL)
        self._account, self._auth = values["account"], (values["account"], values["api_key"])
        self._place = f"/2010-04-01/Accounts/{quote(self._account, safe='')}"
        self._sender = values["sender"]

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand texts over, several at a time."""
        return at_once(self.send, messages)

    def send(self, message: Outgoing) -> Receipt:
        """Hand one text over.

        :raises DeliveryError: says whether it may be tried again.
        """
        # A sender of this form is a service that chooses one of its numbers.
        by = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        form = {
            "To": "+" + message.address.lstrip("+"),
            by: self._sender,
            "Body": message.rendered.text,
            "StatusCallback": f"{settings.PUBLIC_URL}/hooks/sms/twilio",
        }
        content = urlencode(form).encode()
        response = self._provider.call(
            "POST", f"{self._place}/Messages.json", headers=FORM, content=content, auth=self._auth
        )
        answer = read_json(response)
        reference = text_at(answer, "sid")
        if response.is_success and reference:
            return Receipt(references=(reference,), units=len(segments_of(message.rendered.text).bodies))
        raise self._error_of(response, answer)

    def probe(self) -> None:
        """Ask for the account.

        :raises DeliveryError: it is refused, or no answer came.
        """
        response = self._provider.call("GET", f"{self._place}.json", auth=self._auth)
        if not response.is_success:
            raise self._error_of(response, read_json(response))

    def _error_of(self, response: httpx.Response, answer: Mapping[str, Any] | None) -> DeliveryError:
        if response.is_success:
            return self._provider.unknown("The answer names no message.")
        code = text_at(answer, "code")
        if code in NUMBER_REFUSED:
            return self._provider.recipient_refused(code)
        if code in BUSY:
            return self._provider.busy(code, response)
        if code in SETUP:
            return self._provider.down(code, "credentials_refused")
        return self._provider.error_of(response, code)


_kept = Kept(Twilio)


@contextmanager
def connect(section: Section) -> Iterator[Twilio]:
    """Give the API."""
    yield _kept.of(section)


def probe(values: Mapping[str, Any]) -> None:
    """Ask for the account.

    :raises DeliveryError: it is refused, or no answer came.
    """
    Twilio(values).probe()
