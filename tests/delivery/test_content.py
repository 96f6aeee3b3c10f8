"""A mail's content: what is refused when saved, and what one customer gets."""

import pytest

from loyalty.delivery.contracts import Rendered
from loyalty.delivery.kinds.email import content as mail
from loyalty.delivery.kinds.email import markup


def render(body: str, subject: str = "S", **values: object) -> Rendered:
    """Render with links that can be recognised."""
    compiled = mail.compile_mail(subject, body, needs_unsubscribe=True)
    own = {**values, "unsubscribe_url": "https://us.test/u/1"}
    return mail.render(compiled, own, lambda target: f"https://us.test/c?{len(target)}", "https://us.test/o")


def codes(subject: object, body: object, **more: object) -> list[str]:
    """Give the codes of the problems of a content."""
    return [
        p.code for p in mail.problems_of({"subject": subject, "body": body, **more}, "content.email", {"first_name"})
    ]


def test_mail__html_in_a_value__is_escaped() -> None:
    shown = render("<p>Hi {{ first_name }}</p>", first_name="<img src=x onerror=alert(1)>\"'&")
    assert "<img src=x" not in shown.html
    assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in shown.html
    assert "<img src=x onerror=alert(1)>" in shown.text


def test_mail__line_end_in_a_value__cannot_begin_a_header() -> None:
    shown = render("<p>x</p>", subject="Hi {{ first_name }}", first_name="Ada\r\nBcc: victim@mail.test")
    assert shown.subject == "Hi Ada Bcc: victim@mail.test"


def test_mail__links__are_tracked_once_and_others_left() -> None:
    shown = render(
        '<a class=x href="https://a.test/?b=1&amp;c=2">go</a> <a href="mailto:a@b.test">m</a> <a href=\'#x\'>a</a>'
    )
    target = "https://a.test/?b=1&c=2"
    assert f'<a class=x href="https://us.test/c?{len(target)}">go</a>' in shown.html
    assert '<a href="mailto:a@b.test">m</a>' in shown.html
    assert '<a href="#x">a</a>' in shown.html
    assert "go (https://a.test/?b=1&c=2)" in shown.text


def test_mail__value_in_a_link__stays_one_parameter() -> None:
    compiled = mail.compile_mail("S", '<a href="https://a.test/?n={{ first_name }}">go</a>', needs_unsubscribe=False)
    shown = mail.render(compiled, {"first_name": "a b&c=/@evil.test"}, lambda target: target)
    assert 'href="https://a.test/?n=a%20b%26c%3D%2F%40evil.test"' in shown.html


def test_mail__link_made_too_long_by_a_value__leads_on_uncounted() -> None:
    compiled = mail.compile_mail("S", '<a href="https://a.test/?n={{ first_name }}">go</a>', needs_unsubscribe=False)
    shown = mail.render(compiled, {"first_name": "x" * 3000}, lambda target: "https://us.test/c")
    assert "https://us.test/c" not in shown.html


def test_mail__no_way_out_written__gets_one_in_both_parts() -> None:
    shown = render("<html><body><p>x</p></body></html>")
    assert shown.html.count("https://us.test/u/1") == 1
    assert shown.html.index("Unsubscribe") < shown.html.index("</body>")
    assert "https://us.test/u/1" in shown.text
    assert shown.html.index("https://us.test/o") < shown.html.index("</body>")


def test_mail__way_out_written__gets_no_second_one() -> None:
    shown = render('<p>x <a href="{{ unsubscribe_url }}">no more</a></p>')
    assert shown.html.count("https://us.test/u/1") == 1
    assert "Unsubscribe" not in shown.html


def test_mail__plain_text__becomes_paragraphs_and_links() -> None:
    shown = render('Dear {{ first_name | "friend" }},\n1 < 2\n\nSee https://a.test/x.\n')
    assert "<p>Dear friend,<br>\n1 &lt; 2</p>" in shown.html
    assert f'<a href="https://us.test/c?{len("https://a.test/x")}">https://a.test/x</a>.' in shown.html
    assert shown.text.startswith("Dear friend,")
    assert "1 < 2" in shown.text


def test_mail__blocks__are_lines_of_the_text_part() -> None:
    text = markup.text_of_html(
        "<head><title>no</title><style>p{}</style></head><h1>Title</h1><p>One<br>two &amp; three</p>"
        "<ul><li>a</li><li>b</li></ul>"
    )
    assert text == "Title\n\nOne\ntwo & three\n\n- a\n\n- b"


@pytest.mark.parametrize(
    ("subject", "body", "code"),
    [
        ("", "b", "required"),
        ("s", None, "required"),
        ("s", "   ", "required"),
        (7, "b", "required"),
        ("s" * 251, "b", "too_long"),
        ("s", "b" * 100_001, "too_long"),
        ("s\nBcc: x", "b", "invalid"),
        ("s", "a\x00b", "invalid"),
        ("s", "{{ first_nam }}", "template.variable_unknown"),
        ("s", "{{ first_name.x }}", "template.malformed"),
        ("s", "<script>alert(1)</script>", "content.active"),
        ("s", '<p onclick="x()">a</p>', "content.active"),
        ("s", '<a href="javascript:alert(1)">a</a>', "template.link_scheme"),
        ("s", '<a href="/here">a</a>', "template.link_scheme"),
        ("s", f'<a href="https://a.test/{"x" * 1500}">a</a>', "template.link_too_long"),
        ("s", '<a href="http://[">a</a>', "template.link_scheme"),
        ("s", '<a href="{{ first_name }}">a</a>', "template.link_from_variable"),
        ("s", "a\ue0000\ue001", "template.malformed"),
    ],
)
def test_content__unfit__is_refused_with_its_code(subject: object, body: object, code: str) -> None:
    assert code in codes(subject, body)


def test_content__unknown_part__is_refused() -> None:
    assert codes("s", "b", html="x") == ["unknown_field"]


def test_content__sound__is_taken() -> None:
    assert codes('Hi {{ first_name | "you" }}', '<a href="https://a.test/{{ first_name }}">x</a>') == []
