"""Send an e-mail, from a template or with words of one's own."""

from loyalty.journeys.contracts import FieldKind, FieldSpec
from loyalty.journeys.kinds.actions import messages


class SendEmail(messages.MessageAction):
    """``{"template" | "subject", "body"; "variables", "purpose"}``."""

    kind = "send_email"
    title = "Send an e-mail"
    description = "The message goes through the contact policy: consent, caps, quiet hours."
    icon = "i-lucide-mail"
    channel = "email"
    parts = {"subject": "subject", "body": "body"}  # noqa: RUF012 - read only
    fields = (
        messages.TEMPLATE,
        FieldSpec("subject", FieldKind.TEXT, "Subject", maximum=200),
        FieldSpec("body", FieldKind.LONG_TEXT, "Text", maximum=200_000),
        messages.VARIABLES,
        messages.PURPOSE,
    )
