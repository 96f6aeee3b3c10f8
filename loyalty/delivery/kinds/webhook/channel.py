"""The webhook channel: a message is posted to a system of the operator's, signed by Standard Webhooks 1.0.

Its id is that of the send, by which the receiver knows a repeated one; so what nobody knows of may be posted again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from standardwebhooks import Webhook

from loyalty.delivery.contracts import ChannelCode, Outgoing, Receipt, Rendered
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds import addresses, notices
from loyalty.delivery.kinds.http import Kept, Provider, at_once, instant_of_call
from loyalty.delivery.kinds.webhook.section import WEBHOOK, is_webhook_set
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.exact_json import dumps_exact

BODY_LENGTH_MAX = 10_000


class WebhookChannel:
    """Messages that the operator's own system shows, prints or calls out."""

    code = ChannelCode.WEBHOOK.value
    address_words = addresses.CUSTOMER_WORDS
    window = 20
    is_repeatable = True

    def __init__(self) -> None:
        self._kept = Kept(Endpoint)

    def is_configured(self) -> bool:
        """Tell whether there is a system to post to."""
        return is_webhook_set(configuration.read(WEBHOOK.code))

    def is_address(self, text: str) -> bool:
        """Tell whether it is the id of a customer."""
        return addresses.is_customer(text)

    def problems_of(self, content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
        """Tell what is wrong with a content."""
        return notices.problems_of(content, field, known, body_length_max=BODY_LENGTH_MAX)

    def variables_of(self, content: Mapping[str, str]) -> tuple[str, ...]:
        """Give the names that a content uses."""
        return notices.variables_of(content)

    def render(
        self, content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None, is_marketing: bool
    ) -> Rendered:
        """Give the message of one customer."""
        return notices.render(content, values, send_id=send_id)

    def headers(self, *, send_id: int, is_marketing: bool) -> Mapping[str, str]:
        """Give nothing: the signature is made when it is sent."""
        return {}

    @contextmanager
    def connect(self) -> Iterator["Endpoint"]:
        """Give the system."""
        yield self._kept.of(configuration.read(WEBHOOK.code))


class Endpoint:
    """The operator's system."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._provider = Provider("webhook", values["url"])
        self._url, self._signer = values["url"], Webhook(values["secret"])

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Post messages, several at a time."""
        return at_once(self.send, messages)

    def send(self, message: Outgoing) -> Receipt:
        """Post one message; its receiver is the operator's own, so taken is delivered.

        :raises DeliveryError: says whether it may be tried again.
        """
        rendered = message.rendered
        body = {
            "type": "message",
            "send_id": str(message.send_id),
            "customer_id": message.address,
            "title": rendered.subject,
            "body": rendered.text,
            "url": rendered.url,
        }
        try:
            response = self._post(str(message.send_id), dumps_exact(body))
        except DeliveryError as fault:
            raise self._repeated(fault) from fault
        if response.is_success:
            return Receipt(is_final=True)
        raise self._repeated(self._provider.error_of(response, ""))

    def _repeated(self, fault: DeliveryError) -> DeliveryError:
        """Give a fault of which nobody knows as one that passes: the receiver knows a repeated message by its id."""
        return self._provider.busy(fault.detail) if fault.is_unknown else fault

    def _post(self, message_id: str, body: bytes) -> httpx.Response:
        now = instant_of_call()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message_id, now, body.decode()),
        }
        return self._provider.call("POST", self._url, headers=headers, content=body)
