"""Text messages by Amazon's notification service (SNS), and by those shaped like it.

It tells nobody over HTTP what became of a text: SENT is the last that is known.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx

from loyalty.delivery.contracts import Outgoing, Receipt
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds import aws
from loyalty.delivery.kinds.http import Kept, Provider, at_once, instant_of_call
from loyalty.delivery.kinds.sms.segments import segments_of
from loyalty.foundation.configuration.api import Section

VERSION = "2010-03-31"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
# Two words of an answer are all that is read of it; an XML parser would bring dangers of its own.
MESSAGE_ID = re.compile(r"<MessageId>([A-Za-z0-9-]{1,100})</MessageId>")
CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>")
BUSY = frozenset({"Throttling", "Throttled", "ThrottledException", "LimitExceeded"})
SETUP = frozenset({"AuthorizationError", "InvalidClientTokenId", "SignatureDoesNotMatch", "OptInRequired"})


class Sns:
    """The API with one account."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._provider = Provider("sms", values["api_url"] or f"https://sns.{values['region']}.amazonaws.com")

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand texts over, several at a time."""
        return at_once(self.send, messages)

    def send(self, message: Outgoing) -> Receipt:
        """Hand one text over.

        :raises DeliveryError: says whether it may be tried again.
        """
        form = {
            "Action": "Publish",
            "Message": message.rendered.text,
            "PhoneNumber": "+" + message.address.lstrip("+"),
            **_attributes({"AWS.SNS.SMS.SenderID": self._values["sender"], "AWS.SNS.SMS.SMSType": "Transactional"}),
        }
        response = self._call(form)
        found = MESSAGE_ID.search(response.text) if response.is_success else None
        if found is not None:
            return Receipt(references=(found[1],), units=len(segments_of(message.rendered.text).bodies))
        raise self._error_of(response)

    def probe(self) -> None:
        """Ask for what the account may send.

        :raises DeliveryError: it is refused, or no answer came.
        """
        response = self._call({"Action": "GetSMSAttributes"})
        if not response.is_success:
            raise self._error_of(response)

    def _call(self, form: Mapping[str, str]) -> httpx.Response:
        body = urlencode({**form, "Version": VERSION}).encode()
        headers = aws.signed_headers(
            method="POST",
            url=f"{self._provider.base_url}/",
            body=body,
            content_type=FORM,
            service="sns",
            region=self._values["region"],
            key_id=self._values["account"],
            secret=self._values["api_key"],
            now=instant_of_call(),
        )
        return self._provider.call("POST", "/", headers=headers, content=body)

    def _error_of(self, response: httpx.Response) -> DeliveryError:
        if response.is_success:
            return self._provider.unknown("The answer names no message.")
        found = CODE.search(response.text)
        code = found[1] if found else ""
        if code in BUSY:
            return self._provider.busy(code, response)
        if code in SETUP:
            return self._provider.down(code, "credentials_refused")
        if code in ("InvalidParameter", "InvalidParameterValue") and "PhoneNumber" in response.text:
            return self._provider.recipient_refused(code)
        return self._provider.error_of(response, code)


def _attributes(wanted: Mapping[str, str]) -> dict[str, str]:
    """Give the attributes of a message as the form counts them."""
    form: dict[str, str] = {}
    for number, (name, value) in enumerate(((name, value) for name, value in wanted.items() if value), start=1):
        place = f"MessageAttributes.entry.{number}"
        form |= {
            f"{place}.Name": name,
            f"{place}.Value.DataType": "String",
            f"{place}.Value.StringValue": value,
        }
    return form


_kept = Kept(Sns)


@contextmanager
def connect(section: Section) -> Iterator[Sns]:
    """Give the API."""
    yield _kept.of(section)


def probe(values: Mapping[str, Any]) -> None:
    """Ask for what the account may send.

    :raises DeliveryError: it is refused, or no answer came.
    """
    Sns(values).probe()
