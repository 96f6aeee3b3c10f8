"""A mail as every way takes it."""

from django.core.mail import EmailMultiAlternatives

from loyalty.delivery.contracts import Outgoing


def mail_of(message: Outgoing, sender: str) -> EmailMultiAlternatives:
    """Give the mail of one customer, with its text and its HTML."""
    mail = EmailMultiAlternatives(
        subject=message.rendered.subject,
        body=message.rendered.text,
        from_email=sender,
        to=[message.address],
        headers={**message.headers, "Message-ID": message_id(message, sender)},
    )
    mail.attach_alternative(message.rendered.html, "text/html")
    return mail


def message_id(message: Outgoing, sender: str) -> str:
    """Give the Message-ID: always the same for the same send, so that a receiver can tell a repeated one."""
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    return f"<{message.send_id}@{domain}>"
