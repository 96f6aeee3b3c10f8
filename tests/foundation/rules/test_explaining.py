"""Why a rule came out as it did, and how it is said."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from loyalty.foundation.rules.api import Field, FieldType, Schema, check, evaluate, explain, say
from loyalty.foundation.rules.phrases import ENGLISH, PHRASES
from tests.foundation.rules.test_evaluating import EARN, EVENT
from tests.foundation.rules.world import NOW, SCHEMA, RuleMaker, make_rows

TELECOM = Schema(
    (
        Field("total_revenue", FieldType.DECIMAL, "Total revenue"),
        Field("last_purchase_days_ago", FieldType.INTEGER, "Days since last purchase"),
        Field("city", FieldType.TEXT, "City"),
    )
)
SEGMENT = {"and": [{">": [{"var": "total_revenue"}, 1000]}, {"<": [{"var": "last_purchase_days_ago"}, 30]}]}


def decisive(rule: object, facts: dict[str, Any], schema: Schema = TELECOM) -> list[str]:
    """The words of what a rule hung on."""
    trace = explain(check(rule, schema, "any"), facts, now=NOW).trace
    return [step.words for step in trace if step.is_decisive]


def test_explain__member__hangs_on_every_condition() -> None:
    facts = {"total_revenue": Decimal(1500), "last_purchase_days_ago": 3}
    assert decisive(SEGMENT, facts) == ["Total revenue is more than 1000", "Days since last purchase is less than 30"]


def test_explain__never_bought__says_why_not() -> None:
    outcome = explain(check(SEGMENT, TELECOM), {"total_revenue": Decimal(1500)}, now=NOW)
    step = next(step for step in outcome.trace if step.is_decisive)
    assert outcome.value is False
    assert (step.path, step.operator, step.value) == ("/and/1", "<", False)
    assert step.facts == {"last_purchase_days_ago": None}


def test_explain__two_conditions_fail__names_both_although_the_first_decided() -> None:
    assert len(decisive(SEGMENT, {"total_revenue": 1, "last_purchase_days_ago": 90})) == 2


def test_explain__or__names_what_was_true() -> None:
    rule = {"or": [{"==": [{"var": "city"}, "Oslo"]}, {">": [{"var": "total_revenue"}, 5]}]}
    assert decisive(rule, {"city": "Rome", "total_revenue": 9}) == ["Total revenue is more than 5"]
    assert decisive({"!": [rule]}, {"city": "Rome", "total_revenue": 9}) == ["Total revenue is more than 5"]


def test_explain__earn_rule__names_the_condition_and_the_formula() -> None:
    facts = {"transaction_amount": Decimal("199.99")}
    outcome = explain(check(EARN, EVENT, "number"), facts, now=NOW)
    told = {step.words: step.value for step in outcome.trace if step.is_decisive}
    assert told == {"Transaction amount is more than 100": True, "Transaction amount times 0.1": Decimal("19.999")}


def test_explain__any_generated_rule__gives_the_value_of_evaluate_and_a_reason() -> None:
    maker = RuleMaker(7)
    rows = make_rows(20, 7)
    for index in range(150):
        rule = check(maker.boolean(index % 4), SCHEMA)
        row = rows[index % len(rows)]
        outcome = explain(rule, row, now=NOW)
        assert outcome.value == evaluate(rule, row, now=NOW)
        assert outcome.trace[0].path == "" or rule.text.startswith("{")
        assert any(step.is_decisive for step in outcome.trace)
        assert all(step.words for step in outcome.trace)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (SEGMENT, "Total revenue is more than 1000 and Days since last purchase is less than 30"),
        (
            {"or": [SEGMENT, {"==": [{"var": "city"}, None]}]},
            "(Total revenue is more than 1000 and Days since last purchase is less than 30) or City is not set",
        ),
        ({"in": [{"var": "city"}, ["Oslo", "Rome"]]}, 'City is one of "Oslo", "Rome"'),
        ({"<=": [1, {"var": "total_revenue"}, 2.50]}, "Total revenue is between 1 and 2.5"),
        ({"!": [{"missing": ["city", "total_revenue"]}]}, "City and Total revenue is known"),
        ({"!": [{"==": [{"var": "city"}, "Oslo"]}]}, 'not (City is "Oslo")'),
        ({"!=": [{"var": "city"}, None]}, "City is set"),
        ({">": [{"*": [{"+": [{"var": "total_revenue"}, 1]}, 2]}, 5]}, "(Total revenue plus 1) times 2 is more than 5"),
        (
            {">": [{"round": [{"var": "total_revenue"}, 2, "half_even"]}, 1]},
            "Total revenue rounded to 2 places (ties to even) is more than 1",
        ),
        ({"starts_with": [{"var": "city"}, "O"]}, 'City starts with "O"'),
        (
            {"if": [{"==": [{"var": "city"}, "Oslo"]}, {">": [{"var": "total_revenue"}, 1]}, False]},
            'Total revenue is more than 1 if City is "Oslo", otherwise no',
        ),
    ],
)
def test_say__rule__uses_the_labels(rule: object, words: str) -> None:
    assert say(check(rule, TELECOM, "any"), TELECOM) == words


def test_say__earn_rule__reads_as_a_formula() -> None:
    said = say(check(EARN, EVENT, "number"), EVENT)
    assert said == "Transaction amount times 0.1 if Transaction amount is more than 100, otherwise 0"


ARABIC_FIELDS = Schema(
    (
        Field("total_revenue", FieldType.DECIMAL, "إجمالي الإيرادات"),
        Field("last_purchase_days_ago", FieldType.INTEGER, "الأيام منذ آخر شراء"),
        Field("city", FieldType.TEXT, "المدينة"),
    )
)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (SEGMENT, "إجمالي الإيرادات أكثر من 1000 والأيام منذ آخر شراء أقل من 30"),
        ({"in": [{"var": "city"}, ["مسقط", "دبي"]]}, "قيمة المدينة إحدى القيم: «مسقط»، «دبي»"),
        ({"!": [{"missing": ["city"]}]}, "قيمة المدينة معروفة"),
        ({"<=": [1, {"var": "last_purchase_days_ago"}, 5]}, "الأيام منذ آخر شراء بين 1 و5"),
        ({">=": [{"var": "total_revenue"}, 5]}, "لا تقل قيمة إجمالي الإيرادات عن 5"),
        (
            {">": [{"round": [{"var": "total_revenue"}, 2]}, 5]},
            "إجمالي الإيرادات بعد التقريب إلى منزلتين عشريتين أكثر من 5",
        ),
    ],
)
def test_say__arabic__reads_as_arabic(rule: object, words: str) -> None:
    assert say(check(rule, ARABIC_FIELDS, "any"), ARABIC_FIELDS, "ar") == words


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "يوم واحد"), (2, "يومين"), (3, "3 أيام"), (11, "11 يومًا"), (100, "100 يوم"), (103, "103 أيام")],
)
def test_say__arabic_days__change_their_form_with_the_number(days: int, words: str) -> None:
    rule = check({"within_days": [{"var": "joined_on"}, days]}, SCHEMA)
    assert say(rule, language="ar") == f"Joined خلال آخر {words}"


def test_phrases__every_language__has_the_same_phrases_and_places() -> None:
    for language, phrases in PHRASES.items():
        assert phrases.keys() == ENGLISH.keys(), language
        for name, phrase in phrases.items():
            assert set(re.findall(r"\{\d\}", phrase)) == set(re.findall(r"\{\d\}", ENGLISH[name])), (language, name)


def test_say__any_generated_rule__has_arabic_words_without_a_latin_letter() -> None:
    fields = tuple(replace(field, label=f"حقل{index}") for index, field in enumerate(SCHEMA.fields))
    maker, schema = RuleMaker(9), replace(SCHEMA, fields=fields)
    for index in range(200):
        said = say(check(maker.boolean(index % 4), schema), schema, "ar")
        outside = re.sub(r"«[^»]*»", "", said)
        assert not re.search(r"[A-Za-z]", outside.replace("UTC", "")), said


def test_say__language_without_phrases__falls_back_to_english() -> None:
    assert say(check(SEGMENT, TELECOM), TELECOM, language="xx") == say(check(SEGMENT, TELECOM), TELECOM)


def test_say__text_with_braces__is_said_as_it_is() -> None:
    rule = check({"==": [{"var": "city"}, "{0} {x}"]}, TELECOM)
    assert say(rule) == 'City is "{0} {x}"'
