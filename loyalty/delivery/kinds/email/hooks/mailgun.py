"""Reports of Mailgun, signed by the account's key for them."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from anymail.webhooks.mailgun import MailgunTrackingWebhookView  # type: ignore[import-untyped]

from loyalty.delivery.errors import HookRefused
from loyalty.delivery.kinds.email.hooks.by_anymail import heard_by
from loyalty.delivery.kinds.hooks import Call, Heard

# The signature covers an instant and nothing of the report; Mailgun tries for eight hours.
AGE_MAX = timedelta(hours=12)


def hear(call: Call, values: Mapping[str, Any]) -> Heard:
    """Check and read a call.

    :raises HookRefused: it is not signed, signed too long ago, or makes no sense.
    """
    heard = heard_by(
        lambda: MailgunTrackingWebhookView(webhook_signing_key=values["webhook_key"], webhook_secret=[]), call, values
    )
    try:
        signed_at = int(json.loads(call.body)["signature"]["timestamp"])
    except (ValueError, KeyError, TypeError) as fault:
        raise HookRefused("The report cannot be read.") from fault
    if abs(call.now.timestamp() - signed_at) > AGE_MAX.total_seconds():
        raise HookRefused("The report was signed too long ago.")
    return heard
