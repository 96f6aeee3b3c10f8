"""The template language: names become text, once, and nothing else happens."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.delivery.errors import VariableMissing
from loyalty.delivery.policy import templates
from loyalty.delivery.policy.contact import ContactFacts, exclusion_of


def fill(text: str, **values: object) -> str:
    """Render without quoting."""
    return templates.render(templates.parse(text), values, str)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello {{ name }}", "Hello Ada"),
        ("Hello {{name}}!", "Hello Ada!"),
        ('{{ missing | "friend" }}', "friend"),
        ("{{ missing | 'dear customer' }}", "dear customer"),
        ("{{ missing | &quot;friend&quot; }}", "friend"),
        ('{{ name | "friend" }}', "Ada"),
        ("{{ points }} points", "1000000 points"),
        ("{{ amount }}", "0.10"),
        ("{% if x %} stays", "{% if x %} stays"),
        ("", ""),
    ],
)
def test_template__rendered__shows(text: str, shown: str) -> None:
    assert fill(text, name="Ada", points=1_000_000, amount=Decimal("0.10")) == shown


@pytest.mark.parametrize("value", [None, "", "   "])
def test_template__value_missing_without_fallback__names_the_variable(value: object) -> None:
    with pytest.raises(VariableMissing) as missing:
        fill("Hello {{ name }}", name=value)
    assert missing.value.name == "name"


@pytest.mark.parametrize(
    "text",
    ["{{ name.__class__ }}", "{{ name['x'] }}", "{{ 1 + 1 }}", "{{ name() }}", "{{ name | upper }}", "{{ a", "}}"],
)
def test_template__more_than_a_name__is_refused(text: str) -> None:
    assert [problem.code for problem in templates.problems_of(text, "body", {"name", "a"})][0] == "template.malformed"


def test_template__unknown_name__is_refused_by_name() -> None:
    (problem,) = templates.problems_of("{{ nmae }} {{ nmae }}", "content.email.body", {"name"})
    assert (problem.field, problem.code) == ("content.email.body", "template.variable_unknown")
    assert "nmae" in problem.message
    assert "name" in problem.message


@given(st.text(), st.text(min_size=1).filter(lambda text: text.strip() != ""))
def test_template__value__is_never_read_as_a_template(before: str, value: str) -> None:
    plain = before.replace("{", "").replace("}", "")
    assert fill(plain + "{{ name }}", name=value) == plain + value


@given(st.text())
def test_template__any_text__renders_or_is_refused(text: str) -> None:
    if not templates.problems_of(text, "body", {"name"}):
        fill(text, name="Ada")


@given(st.text())
def test_one_line__any_text__can_begin_no_header(text: str) -> None:
    assert not set(templates.one_line(text)) & {"\r", "\n", "\x00", "\u2028", "\x85"}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (ContactFacts(is_consented=True, has_address=True), None),
        (ContactFacts(is_consented=False, has_address=False, is_held_out=True, is_capped=True), "no_consent"),
        (ContactFacts(is_consented=True, has_address=False), "no_address"),
        (ContactFacts(is_consented=True, has_address=True, is_held_out=True, is_capped=True), "holdout"),
        (ContactFacts(is_consented=True, has_address=True, is_capped=True), "capped"),
    ],
)
def test_policy__several_reasons__gives_the_first_in_order(facts: ContactFacts, reason: str | None) -> None:
    assert exclusion_of(facts) == reason
