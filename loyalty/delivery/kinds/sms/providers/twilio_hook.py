"""What Twilio tells: what became of our texts, and what customers wrote; signed over address and form."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from loyalty.delivery.contracts import ReceiptOutcome
from loyalty.delivery.errors import HookRefused
from loyalty.delivery.kinds.hooks import Call, Heard, HeardMessage, HeardReceipt

OUTCOMES = {
    "delivered": ReceiptOutcome.DELIVERED,
    "read": ReceiptOutcome.DELIVERED,
    "undelivered": ReceiptOutcome.FAILED,
    "failed": ReceiptOutcome.FAILED,
}
# Nobody has the number, or it is no mobile one.
NUMBER_REFUSED = frozenset({"30005", "30006"})
FIELDS_MAX = 200


def hear(call: Call, values: Mapping[str, Any]) -> Heard:
    """Check and read a call.

    :raises HookRefused: it is not signed with our key.
    """
    try:
        form = dict(parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError as fault:
        raise HookRefused("The report cannot be read.") from fault
    _check(call, form, values["api_key"])
    reference = form.get("MessageSid", "")[:200]
    status = form.get("MessageStatus", form.get("SmsStatus", ""))
    if not reference:
        return Heard()
    if status == "received":
        message = HeardMessage(reference, form.get("From", ""), form.get("To", ""), form.get("Body", ""))
        # Twilio would send what it reads back as an answer.
        return Heard(messages=(message,))
    code = form.get("ErrorCode", "")
    outcome = ReceiptOutcome.REFUSED if code in NUMBER_REFUSED else OUTCOMES.get(status)
    return Heard(receipts=(HeardReceipt(reference, outcome, code[:200]),) if outcome is not None else ())


def _check(call: Call, form: Mapping[str, str], key: str) -> None:
    """Check the signature (Twilio, "Webhooks security")."""
    text = call.url + "".join(f"{name}{form[name]}" for name in sorted(form))
    expected = base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1"))
    if not key or not hmac.compare_digest(expected, call.headers.get("x-twilio-signature", "").encode()):
        raise HookRefused("The report is not signed by the provider.")
