"""Reports of Postmark, which signs nothing: it shows the user and the password that its webhook was given."""

from collections.abc import Mapping
from typing import Any

from anymail.webhooks.postmark import PostmarkTrackingWebhookView  # type: ignore[import-untyped]

from loyalty.delivery.kinds.email.hooks.by_anymail import heard_by
from loyalty.delivery.kinds.hooks import Call, Heard


def hear(call: Call, values: Mapping[str, Any]) -> Heard:
    """Check and read a call.

    :raises HookRefused: user and password are not ours, or it makes no sense.
    """
    return heard_by(lambda: PostmarkTrackingWebhookView(webhook_secret=[values["webhook_key"]]), call, values)
