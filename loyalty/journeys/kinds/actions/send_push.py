"""Send a push notification to the customer's devices."""

from loyalty.journeys.contracts import FieldKind, FieldSpec
from loyalty.journeys.kinds.actions import messages


class SendPush(messages.MessageAction):
    """``{"template" | "title", "body", "url"; "variables", "purpose"}``."""

    kind = "send_push"
    title = "Send a push notification"
    description = "The notification goes through the contact policy: consent, caps, quiet hours."
    icon = "i-lucide-bell"
    channel = "push"
    optional = frozenset({"url"})
    parts = {"title": "title", "body": "body", "url": "url"}  # noqa: RUF012 - read only
    fields = (
        messages.TEMPLATE,
        FieldSpec("title", FieldKind.TEXT, "Title", maximum=100),
        FieldSpec("body", FieldKind.LONG_TEXT, "Text", maximum=1_000),
        FieldSpec("url", FieldKind.ADDRESS, "Opens", maximum=2_000),
        messages.VARIABLES,
        messages.PURPOSE,
    )
