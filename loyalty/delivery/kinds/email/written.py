"""A mail as the bytes that a mail server takes, written out for the plain case, which nearly every mail is.

Django's message classes build each mail as a tree of objects and walk it twice; that took more than half of a sender's
processor time. What is not plain (an address beyond ASCII, a line longer than SMTP allows) goes their way.
"""

import re
from email.header import Header
from email.utils import formatdate
from functools import lru_cache

from django.conf import settings
from django.core.mail.message import BadHeaderError, sanitize_address

from loyalty.delivery.contracts import Outgoing
from loyalty.delivery.kinds.email.mails import message_id
from loyalty.delivery.kinds.email.smtp import PLAIN_ADDRESS

LINE_END = re.compile(r"\r\n|\r|\n")
# RFC 5321, 4.5.3.1.6: a line has at most 998 octets before its end.
LINE_BYTES_MAX = 998
# RFC 5322, 2.1.1: header lines should not be longer; the library folds what is.
HEADER_CHARACTERS_MAX = 78


@lru_cache(maxsize=16)
def sender_of(sender: str) -> str:
    """Give a sender as it stands in the header."""
    return sanitize_address(sender, "utf-8")


def plain_mail(message: Outgoing, sender: str) -> bytes | None:
    """Give a whole mail, or None when it is not plain.

    :raises BadHeaderError: a header would have a second line.
    """
    if PLAIN_ADDRESS.fullmatch(message.address) is None or not message.rendered.text:
        return None
    boundary = f"=_{message.send_id.hex}"
    parts = [_part(content, kind) for content, kind in _contents(message)]
    if any(part is None or boundary.encode() in part for part in parts):
        return None
    headers = {
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
        "MIME-Version": "1.0",
        "Subject": _words(message.rendered.subject),
        "From": sender_of(sender),
        "To": message.address,
        "Date": formatdate(localtime=settings.EMAIL_USE_LOCALTIME),
        **message.headers,
        "Message-ID": message_id(message, sender),
    }
    for name, value in headers.items():
        if "\n" in value.replace("\n ", "") or "\r" in value:
            raise BadHeaderError(f"The header {name} would have a second line.")
        if not value.isascii() or len(value) > LINE_BYTES_MAX:
            return None
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).replace("\n ", "\r\n ")
    between = f"\r\n--{boundary}\r\n".encode()
    return b"".join(
        [head.encode(), *(piece for part in parts if part is not None for piece in (between, part)),
         f"\r\n--{boundary}--\r\n".encode()]
    )  # fmt: skip


def _contents(message: Outgoing) -> tuple[tuple[str, str], tuple[str, str]]:
    return (message.rendered.text, "plain"), (message.rendered.html, "html")


def _part(content: str, kind: str) -> bytes | None:
    """Give a part with its own headers, or None when one of its lines is too long to go as it is."""
    body = LINE_END.sub("\r\n", content).encode()
    if len(body) > LINE_BYTES_MAX and max(map(len, body.split(b"\r\n"))) > LINE_BYTES_MAX:
        return None
    encoding = "7bit" if body.isascii() else "8bit"
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\nMIME-Version: 1.0\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + body


def _words(subject: str) -> str:
    """Give a subject as a header's value: encoded where it is not ASCII, folded where it is long (RFC 2047)."""
    if subject.isascii() and len(subject) <= HEADER_CHARACTERS_MAX - len("Subject: "):
        return subject
    return Header(subject, "utf-8" if not subject.isascii() else "us-ascii", header_name="Subject").encode()
