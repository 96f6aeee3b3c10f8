"""What Meta tells: what became of our messages, and what customers wrote; signed with the app's secret."""

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from loyalty.delivery.contracts import ReceiptOutcome
from loyalty.delivery.errors import HookRefused
from loyalty.delivery.kinds.hooks import Call, Heard, HeardMessage, HeardReceipt
from loyalty.delivery.kinds.http import text_at
from loyalty.delivery.kinds.whatsapp.cloud import NUMBER_REFUSED

OUTCOMES = {
    "delivered": ReceiptOutcome.DELIVERED,
    "read": ReceiptOutcome.DELIVERED,
    "failed": ReceiptOutcome.FAILED,
}
WORDS = (
    ("text", "body"),
    ("button", "text"),
    ("interactive", "button_reply", "title"),
    ("interactive", "list_reply", "title"),
)


def hear(call: Call, values: Mapping[str, Any]) -> Heard:
    """Check and read a call; a GET asks whether this place is ours.

    :raises HookRefused: it is not signed with our secret, or makes no sense.
    """
    if call.method == "GET":
        return _confirmed(call, values["verify_token"])
    expected = "sha256=" + hmac.digest(values["app_secret"].encode(), call.body, "sha256").hex()
    given = call.headers.get("x-hub-signature-256", "")
    if not values["app_secret"] or not hmac.compare_digest(expected.encode(), given.encode()):
        raise HookRefused("The report is not signed by the provider.")
    try:
        told = json.loads(call.body)
    except (ValueError, RecursionError) as fault:
        raise HookRefused("The report cannot be read.") from fault
    receipts: list[HeardReceipt] = []
    messages: list[HeardMessage] = []
    for value in _values(told):
        receipts += [one for status in _objects(value.get("statuses")) if (one := _receipt_of(status)) is not None]
        ours = text_at(value, "metadata", "display_phone_number")
        messages += [_message_of(message, ours) for message in _objects(value.get("messages")) if message.get("id")]
    return Heard(receipts=tuple(receipts), messages=tuple(messages))


def _confirmed(call: Call, token: str) -> Heard:
    given = call.query.get("hub.verify_token", "")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise HookRefused("The word that confirms this place is another.")
    return Heard(answer=call.query.get("hub.challenge", "")[:200])


def _values(told: object) -> Iterator[Mapping[str, Any]]:
    for entry in _objects(told.get("entry") if isinstance(told, Mapping) else None):
        for change in _objects(entry.get("changes")):
            value = change.get("value")
            if isinstance(value, Mapping):
                yield value


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _message_of(message: Mapping[str, Any], ours: str) -> HeardMessage:
    # A touch on a button comes as another kind of message, and is what the customer says.
    text = next(filter(None, (text_at(message, *path) for path in WORDS)), "")
    return HeardMessage(text_at(message, "id")[:200], text_at(message, "from")[:254], ours[:254], text)


def _receipt_of(status: Mapping[str, Any]) -> HeardReceipt | None:
    reference, outcome = text_at(status, "id")[:200], OUTCOMES.get(text_at(status, "status"))
    if not reference or outcome is None:
        return None
    code = next((text_at(one, "code") for one in _objects(status.get("errors"))), "")
    if outcome is ReceiptOutcome.FAILED and code in NUMBER_REFUSED:
        outcome = ReceiptOutcome.REFUSED
    seconds = text_at(status, "timestamp")
    is_instant = seconds.isascii() and seconds.isdigit() and len(seconds) <= 11
    return HeardReceipt(reference, outcome, code, datetime.fromtimestamp(int(seconds), UTC) if is_instant else None)
