"""What may hurt a text on its way, and what a text message costs."""

import pytest

from loyalty.delivery.contracts import Rendered
from loyalty.delivery.kinds.email.lint import lint as lint_mail
from loyalty.delivery.kinds.sms.lint import lint as lint_text

WORDS = " ".join(["word"] * 30)


def codes_of_mail(subject: str = "Your points", html: str = f"<p>{WORDS}</p>", text: str = WORDS) -> list[str]:
    """Give the codes found in a mail that offers a way out."""
    looked = lint_mail({"subject": subject, "body": "{{ unsubscribe_url }}"}, Rendered(subject, html, text))
    return [finding.code for finding in looked.findings]


def test_mail__plain__has_no_findings() -> None:
    assert codes_of_mail() == []


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("FREE POINTS TODAY", "email.subject_shouts"),
        ("Really!!", "email.subject_marks"),
        ("Act now for points", "email.spam_phrase"),
        ("عاجل: نقاطك", "email.spam_phrase"),
        ("x" * 71, "email.subject_cut"),
    ],
)
def test_mail__subject_that_filters_weigh__is_found(subject: str, code: str) -> None:
    assert code in codes_of_mail(subject)


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ('<a href="https://evil.test/x">https://bank.test</a>', "email.link_disguised"),
        ('<a href="https://bit.ly/x">offer</a>', "email.link_shortener"),
        ('<a href="http://shop.test/">offer</a>', "email.link_not_https"),
        ('<a href="https://shop.test/"></a>', "email.link_without_words"),
        ('<img src="https://shop.test/a.png">', "email.picture_without_words"),
        ('<a href="https://shop.test/">x</a>' * 26, "email.many_links"),
        ("x" * 80_001, "email.large"),
        ("x" * 102_001, "email.too_large"),
    ],
)
def test_mail__body_that_hurts__is_found(html: str, code: str) -> None:
    assert code in codes_of_mail(html=html)


def test_mail__link_to_a_part_of_the_shown_host__is_not_disguised() -> None:
    assert codes_of_mail(html='<a href="https://www.shop.test/a">shop.test</a>') == []
    assert codes_of_mail(html='<a href="https://pay.shop.test/a">https://shop.test</a>') == []


def test_mail__no_way_out__says_that_one_is_added() -> None:
    looked = lint_mail({"subject": "S", "body": WORDS}, Rendered("S", WORDS, WORDS))
    assert [finding.code for finding in looked.findings] == ["email.footer_added"]


def figures_of(text: str) -> dict[str, int | str]:
    """Give the figures of a text message."""
    return dict(lint_text({"body": text}, Rendered("", "", text)).figures)


def test_text__gsm__counts_septets() -> None:
    assert figures_of("a" * 160) == {"alphabet": "gsm7", "characters": 160, "segments": 1, "left": 0}
    assert figures_of("a" * 161) == {"alphabet": "gsm7", "characters": 161, "segments": 2, "left": 145}
    # The euro sign takes two places.
    assert figures_of("€" * 80)["left"] == 0


def test_text__arabic__counts_units_of_16_bits() -> None:
    assert figures_of("م" * 70) == {"alphabet": "ucs2", "characters": 70, "segments": 1, "left": 0}
    assert figures_of("م" * 71) == {"alphabet": "ucs2", "characters": 71, "segments": 2, "left": 63}


def findings_of(text: str) -> list[tuple[str, str]]:
    """Give the findings on a text message."""
    return [(one.code, one.detail) for one in lint_text({"body": text}, Rendered("", "", text)).findings]


def test_text__one_curly_quote__is_named_as_what_costs() -> None:
    assert findings_of("It\u2019s here") == [("sms.costly_characters", "\u2019")]
    assert findings_of("مرحبا بكم في برنامجنا") == []


def test_text__many_segments__warns_and_refuses() -> None:
    assert findings_of("a" * 320) == [("sms.many_segments", "3")]
    assert findings_of("a" * 1_531) == [("sms.too_long", "11 > 10")]
