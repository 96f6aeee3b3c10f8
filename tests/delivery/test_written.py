"""A mail that is written out beside the one that Django's classes make of it."""

import uuid
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.core.mail.message import BadHeaderError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loyalty.delivery.contracts import Outgoing, Rendered
from loyalty.delivery.kinds.email.mails import mail_of
from loyalty.delivery.kinds.email.written import plain_mail

SENDER = "Loyalty Küche <loyalty@shop.test>"
HEADERS = {"Auto-Submitted": "auto-generated", "List-Unsubscribe": f"<https://shop.test/u/{'x' * 200}>"}
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n.="), max_size=200)


def outgoing(subject: str, text: str, html: str, *, address: str = "ada.l+x@mail.test") -> Outgoing:
    """Give a message to hand over."""
    return Outgoing(uuid.UUID(int=7), address, Rendered(subject=subject, html=html, text=text), HEADERS)


def read(raw: bytes) -> EmailMessage:
    """Read a mail as a mail program does."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def seen(mail: EmailMessage) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Give what a recipient sees: headers, and the parts with their kind.

    The last line ends of a part show nothing, and the library writes an end of a line shorter than SMTP sends it.
    """
    names = ("Subject", "From", "To", "Message-ID", *HEADERS)
    texts = ((part, part.get_content().replace("\r\n", "\n")) for part in mail.iter_parts())
    parts = [(part.get_content_type(), text.rstrip("\n")) for part, text in texts]
    return {name: str(mail[name]).strip() for name in names}, parts


@example(subject="0", text="a\nb", html="\n\n<p>\n.\n</p>")
@example(subject="0", text="0", html="\n")
@given(
    subject=st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=120),
    text=TEXTS.filter(bool),
    html=TEXTS,
)
@settings(deadline=None)
def test_plain_mail__any_texts__reads_as_the_librarys(subject: str, text: str, html: str) -> None:
    message = outgoing(subject, text, html)
    written = plain_mail(message, SENDER)
    assert written is not None
    theirs = mail_of(message, SENDER).message().as_bytes()
    assert seen(read(written)) == seen(read(theirs))
    assert b"\n" not in written.replace(b"\r\n", b"") and b"\r" not in written.replace(b"\r\n", b"")
    assert max(map(len, written.split(b"\r\n"))) <= 998
    mine, others = ({name for name, _ in read(raw).items()} for raw in (written, theirs))
    assert mine == others


@pytest.mark.parametrize(
    "address", ["jörg@mail.test", '"a b"@mail.test', "a@b@c", "Ada <a@mail.test>", "a@mail.test\n", ""]
)
def test_plain_mail__unusual_address__is_left_to_the_library(address: str) -> None:
    assert plain_mail(outgoing("s", "t", "h", address=address), SENDER) is None


def test_plain_mail__line_longer_than_smtp_allows__is_left_to_the_library() -> None:
    assert plain_mail(outgoing("s", "t", "ü" * 500), SENDER) is None
    assert plain_mail(outgoing("s", "t", "x" * 998), SENDER) is not None


def test_plain_mail__second_line_in_a_header__is_refused() -> None:
    with pytest.raises(BadHeaderError):
        plain_mail(outgoing("Hello\nBcc: all@mail.test", "t", "h"), SENDER)
    with pytest.raises(BadHeaderError):
        plain_mail(outgoing("Hello\r\n X: y", "t", "h"), SENDER)
