"""Send a text message, from a template or with words of one's own."""

from loyalty.journeys.contracts import FieldKind, FieldSpec
from loyalty.journeys.kinds.actions import messages


class SendSms(messages.MessageAction):
    """``{"template" | "message"; "variables", "purpose"}``."""

    kind = "send_sms"
    title = "Send a text message"
    description = "The message goes through the contact policy: consent, caps, quiet hours."
    icon = "i-lucide-message-square"
    channel = "sms"
    parts = {"body": "message"}  # noqa: RUF012 - read only
    fields = (
        messages.TEMPLATE,
        FieldSpec("message", FieldKind.LONG_TEXT, "Text", maximum=2_000),
        messages.VARIABLES,
        messages.PURPOSE,
    )
