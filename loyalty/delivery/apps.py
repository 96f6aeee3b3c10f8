"""Registers delivery with Django."""

from datetime import datetime
from importlib import import_module
from typing import Any, ClassVar

from django.apps import AppConfig


def keep_incoming(unit: Any, line: str, now: datetime) -> None:
    """Keep what a message centre brings over a sender's line; SMPP's library is an extra, so this is loaded late."""
    import_module("loyalty.delivery.operations.sms_receiving").keep_incoming(unit, line, now)


class DeliveryConfig(AppConfig):
    """Channels, templates, contact policy, send ledger."""

    name = "loyalty.delivery"
    label = "delivery"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See sends and their states",
        "manage": "Change the contact policy and the suppressed addresses",
        "retry": "Try failed messages again, or give up what is tried again and again",
        "use_inbox": "Show the messages of a customer's inbox in the app, and mark them read",
        "edit_templates": "Edit templates of messages",
        "test_templates": "Send templates to addresses of one's own, to try them",
        "publish_templates": "Publish templates, so that messages are written with them",
    }

    def ready(self) -> None:
        """Register the channels that can send, and the sections of their servers."""
        from loyalty.customers import api as customers
        from loyalty.delivery import handlers
        from loyalty.delivery.kinds import lint, registry
        from loyalty.delivery.kinds.costs import COSTS
        from loyalty.delivery.kinds.email.channel import EmailChannel
        from loyalty.delivery.kinds.email.lint import lint as lint_mail
        from loyalty.delivery.kinds.email.section import EMAIL
        from loyalty.delivery.kinds.in_app.channel import InAppChannel
        from loyalty.delivery.kinds.push import sections as push
        from loyalty.delivery.kinds.push.channel import PushChannel
        from loyalty.delivery.kinds.sms.channel import SmsChannel
        from loyalty.delivery.kinds.sms.lint import lint as lint_text
        from loyalty.delivery.kinds.sms.providers.registry import Incoming
        from loyalty.delivery.kinds.sms.section import SMS
        from loyalty.delivery.kinds.throughput import THROUGHPUT
        from loyalty.delivery.kinds.webhook.channel import WebhookChannel
        from loyalty.delivery.kinds.webhook.section import WEBHOOK
        from loyalty.delivery.kinds.whatsapp.channel import WhatsAppChannel
        from loyalty.delivery.kinds.whatsapp.section import WHATSAPP
        from loyalty.delivery.operations import erasing, letters, merging
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.configuration import api as configuration
        from loyalty.foundation.events import api as events
        from loyalty.foundation.signing_in import api as signing_in

        customers.register_erasure("delivery", erasing.erase)
        customers.register_merging("delivery", merging.merge)
        audit.register_link("message_template", "/delivery/templates/{ref}")
        audit.register_link("contact_policy", "/delivery/policy")
        audit.register_link("suppression", "/delivery/suppressions")
        registry.register(EmailChannel())
        registry.register(SmsChannel())
        Incoming.keep = keep_incoming
        lint.register(EmailChannel.code, lint_mail)
        lint.register(SmsChannel.code, lint_text)
        registry.register(PushChannel())
        registry.register(InAppChannel())
        registry.register(WebhookChannel())
        registry.register(WhatsAppChannel())
        for section in (EMAIL, SMS, push.FCM, push.APNS, WEBHOOK, WHATSAPP, COSTS, THROUGHPUT):
            configuration.register_section(section)
        signing_in.register_carrier(letters.carry)
        events.subscribe(
            "message.complained", name="delivery.on_message_complained", handler=handlers.on_message_complained
        )
