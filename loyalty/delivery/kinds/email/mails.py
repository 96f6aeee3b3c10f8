"""A mail as every way takes it."""

import re

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError
from django.utils.encoding import punycode

from loyalty.delivery.contracts import Outgoing
from loyalty.delivery.kinds.email.smtp import Written

# The header with what is folded of it.
TO = re.compile(rb"^To:[^\r]*(?:\r\n[ \t][^\r]*)*", re.MULTILINE)


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


def is_name_plain(address: str) -> bool:
    """Tell whether the name in an address is ASCII; a domain beyond it has a spelling that every server knows."""
    return address.rpartition("@")[0].isascii()


def mail_beyond_ascii(message: Outgoing, sender: str) -> Written:
    """Give the mail of a customer whose name in the address is beyond ASCII (RFC 6532).

    The library would encode the name as if it were words, which is another address.
    """
    name, _, domain = message.address.rpartition("@")
    recipient = f"{name}@{punycode(domain)}"
    if len(recipient.splitlines()) != 1:
        raise BadHeaderError("The header To would have a second line.")
    body = mail_of(message, sender).message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
    return Written(recipient, TO.sub(lambda found: f"To: {recipient}".encode(), body, count=1))


def message_id(message: Outgoing, sender: str) -> str:
    """Give the Message-ID: always the same for the same send, so that a receiver can tell a repeated one."""
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    return f"<{message.send_id}@{domain}>"
