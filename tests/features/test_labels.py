"""The catalogue in the reader's language: every shipped text has one, and what people wrote stays as it is."""

import pytest

from loyalty.features import api, registry
from loyalty.features.policy import KNOWN
from loyalty.features.policy.words import CATEGORY_WORDS, OTHER
from loyalty.foundation.rules import api as rules
from tests.conftest import ClientWith
from tests.features.conftest import Owner

COLUMNS = "/api/loyalty/v1/dwh/columns/"
EVENT_TYPES = "/api/loyalty/v1/features/eventTypes/"


def test_words_in__every_text_of_known_columns__said_in_arabic() -> None:
    shipped = {OTHER, *CATEGORY_WORDS}
    for one in KNOWN.values():
        shipped |= {one.label, one.category, one.unit, one.text, one.null_meaning}
    assert shipped - {""} <= set(registry.words_in("ar"))


def test_words_in__every_text_of_platform_facts_and_events__said_in_arabic() -> None:
    shipped: set[str] = set()
    for group in registry.list_platform_facts():
        for one in group.fields:
            shipped |= {one.label, one.category, one.unit, one.description, one.null_meaning}
    for event in registry.list_event_types():
        shipped |= {event.label, *(field.label for field in event.fields)}
    assert len(shipped) > 40
    assert shipped - {""} <= set(registry.words_in("ar"))


def test_register_words__another_translation__refused() -> None:
    with pytest.raises(ValueError, match="Total revenue"):
        registry.register_words("ar", {"Total revenue": "شيء آخر"})


def test_schema_in__arabic__labels_change_and_what_rules_mean_does_not() -> None:
    field = rules.Field("total_revenue", rules.FieldType.DECIMAL, "Total revenue")
    written = rules.Field("city", rules.FieldType.TEXT, "Where they live")
    schema = rules.Schema((field, written))
    spoken = api.schema_in(schema, "ar")
    rule = {">": [{"var": "total_revenue"}, 1000]}
    words = rules.say(rules.check(rule, spoken, "boolean"), spoken, "ar")
    assert "إجمالي الإيرادات" in words
    assert rules.check(rule, spoken, "boolean").text == rules.check(rule, schema, "boolean").text
    assert spoken.by_name["city"].label == "Where they live"
    assert api.schema_in(schema, "en") is schema


def test_columns__arabic_asked__shipped_words_in_arabic_and_written_ones_kept(
    owner: Owner, client_with: ClientWith
) -> None:
    client = client_with("features.view", "features.change")
    told = {row["name"]: row for row in client.get(COLUMNS, HTTP_ACCEPT_LANGUAGE="ar").json()["results"]}
    assert told["points_balance"]["label"] == "رصيد النقاط"
    assert told["points_balance"]["category"] == "الولاء"
    assert [
        row["name"] for row in client.get(f"{COLUMNS}?search=رصيد", HTTP_ACCEPT_LANGUAGE="ar").json()["results"]
    ] == ["points_balance"]
    changed = client.patch(f"{COLUMNS}points_balance/", {"label": "Ours"}, HTTP_ACCEPT_LANGUAGE="ar").json()
    assert (changed["label"], changed["unit"]) == ("Ours", "نقاط")
    assert client.get(f"{COLUMNS}points_balance/").json()["unit"] == "points"


def test_event_types__arabic_asked__labels_in_arabic(client_with: ClientWith) -> None:
    client = client_with("features.view")
    told = {row["name"]: row for row in client.get(EVENT_TYPES, HTTP_ACCEPT_LANGUAGE="ar").json()["results"]}
    assert told["customer.topup"]["label"] == "شحن رصيد"
    assert {"المبلغ", "القناة"} <= {field["label"] for field in told["customer.topup"]["fields_told"]}
