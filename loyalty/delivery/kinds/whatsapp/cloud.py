"""WhatsApp's Cloud API: templates that Meta approved, and free texts to customers who wrote within a day."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from loyalty.delivery.contracts import Outgoing, Receipt
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.http import Provider, at_once, read_json, text_at

# Cloud API, "Error codes". No WhatsApp under the number; the customer asked Meta for no marketing of ours.
NUMBER_REFUSED = frozenset({"131026", "131021", "131050"})
BUSY = frozenset({"4", "80007", "130429", "131016", "131048", "131056", "133004"})
SETUP = frozenset({"0", "3", "10", "190", "131005", "131031", "131042", "131045", "133010", "368"})


class Cloud:
    """The API with one number of ours."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._provider = Provider("whatsapp", values["base_url"])
        self._place = f"/{values['api_version']}/{values['phone_number_id']}"
        self._headers = {"Authorization": f"Bearer {values['access_token']}", "Content-Type": "application/json"}

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand messages over, several at a time."""
        return at_once(self.send, messages)

    def send(self, message: Outgoing) -> Receipt:
        """Hand one message over.

        :raises DeliveryError: says whether it may be tried again.
        """
        content = json.dumps(body_of(message), ensure_ascii=False).encode()
        response = self._provider.call("POST", f"{self._place}/messages", headers=self._headers, content=content)
        answer = read_json(response)
        named = (answer or {}).get("messages")
        reference = text_at(named[0], "id") if isinstance(named, list) and named else ""
        if response.is_success and reference:
            return Receipt(references=(reference[:200],))
        raise self._error_of(response, answer)

    def probe(self) -> None:
        """Ask for our number.

        :raises DeliveryError: it is refused, or no answer came.
        """
        response = self._provider.call("GET", self._place, headers=self._headers)
        if not response.is_success:
            raise self._error_of(response, read_json(response))

    def _error_of(self, response: httpx.Response, answer: Mapping[str, Any] | None) -> DeliveryError:
        if response.is_success:
            return self._provider.unknown("The answer names no message.")
        code = text_at(answer, "error", "code")
        if code in NUMBER_REFUSED:
            return self._provider.recipient_refused(code)
        if code in BUSY:
            return self._provider.busy(code, response)
        # 200 to 299 are permissions that our token lacks.
        if code in SETUP or (len(code) == 3 and code.startswith("2")):
            return self._provider.down(code, "credentials_refused")
        return self._provider.error_of(response, code)


def body_of(message: Outgoing) -> dict[str, Any]:
    """Give the message as the API takes it."""
    parts = message.rendered.parts
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.address.lstrip("+"),
        "biz_opaque_callback_data": str(message.send_id),
    }
    if not parts.get("template"):
        return {**body, "type": "text", "text": {"body": message.rendered.text}}
    values = [{"type": "text", "text": line} for line in message.rendered.text.splitlines()]
    template: dict[str, Any] = {"name": parts["template"], "language": {"code": parts["language"]}}
    if values:
        template["components"] = [{"type": "body", "parameters": values}]
    return {**body, "type": "template", "template": template}
