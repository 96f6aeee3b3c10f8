"""Letters to the platform's own people, over a real mail server."""

from datetime import datetime

import pytest

from loyalty.delivery.models import Message, Send
from loyalty.delivery.operations import letters
from loyalty.foundation.signing_in import registry
from loyalty.foundation.signing_in.contracts import Letter
from tests.delivery.post import Post

pytestmark = pytest.mark.django_db
LINK = "https://loyalty.test/login?reset=klr_secret-of-the-letter"


def letter(now: datetime, name: str = "anna") -> Letter:
    """A letter with a reset."""
    return Letter(to="anna@example.test", name=name, link=LINK, asked_at=now)


def test_letter__arrives_in_both_languages_and_is_kept_nowhere(post: Post, now: datetime) -> None:
    assert registry._Registered.carry is letters.carry, "signing in knows who carries its letters"
    assert letters.carry(letter(now, "<b>anna</b>"))
    (mail,) = post.mails()
    assert (mail["To"], mail["Auto-Submitted"]) == ("anna@example.test", "auto-generated")
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and html is not None
    text, markup = str(plain.get_content()), str(html.get_content())
    assert text.count(LINK) == 2 and "Somebody asked" in text and "طلب أحدهم" in text
    assert '<div lang="ar" dir="rtl">' in markup and "<b>" not in markup and f'href="{LINK}"' in markup
    assert (Send.objects.count(), Message.objects.count()) == (0, 0)


@pytest.mark.parametrize(("how", "is_over"), [("EHLO 421 closed", False), ("RCPT 550 5.1.1 no such user", True)])
def test_letter__server_does_not_take_it__is_said(
    post: Post, now: datetime, how: str, is_over: bool, caplog: pytest.LogCaptureFixture
) -> None:
    post.fail(how)
    taken = letters.carry(letter(now))
    assert post.mails() == [] and taken is is_over, "what is refused for good is not sent again"
    assert "klr_" not in caplog.text and "anna@" not in caplog.text
