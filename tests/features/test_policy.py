"""Merging, by examples and by properties."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.features.contracts import DataSource, MergeStrategy
from loyalty.features.policy import asks_all, describe, merge, order_of


@pytest.mark.parametrize(
    ("answers", "owners", "values", "sources"),
    [
        ({"dwh": {"a": 1}, "xiva": {"a": 2}}, {}, {"a": 1}, {"a": "dwh"}),
        ({"xiva": {"a": 2}, "dwh": {"a": 1, "b": 3}}, {}, {"a": 2, "b": 3}, {"a": "xiva", "b": "dwh"}),
        ({"dwh": {"a": None}, "xiva": {"a": 2}}, {}, {"a": 2}, {"a": "xiva"}),
        ({"dwh": {"a": 1}, "xiva": {"a": 2}}, {"a": "xiva"}, {"a": 2}, {"a": "xiva"}),
        ({"dwh": {"a": 1}, "xiva": {"a": None}}, {"a": "xiva"}, {"a": 1}, {"a": "dwh"}),
        ({"dwh": None, "xiva": {"a": 2}}, {"a": "dwh"}, {"a": 2}, {"a": "xiva"}),
        ({"dwh": None, "xiva": None}, {}, {}, {}),
        ({"dwh": {"a": 0}, "xiva": {"a": 2}}, {}, {"a": 0}, {"a": "dwh"}),
    ],
)
def test_merge__field_by_field(
    answers: dict[str, dict[str, Any] | None], owners: dict[str, str], values: dict[str, Any], sources: dict[str, str]
) -> None:
    merged = merge(answers, owners)
    assert (merged.values, merged.sources) == (values, sources)


NAMES = st.sampled_from("abcd")
ANSWER = st.none() | st.dictionaries(NAMES, st.none() | st.integers())


@given(ANSWER, ANSWER, st.dictionaries(NAMES, st.sampled_from(["dwh", "xiva"])))
def test_merge__anything__no_known_value_is_lost_and_none_is_made_up(
    one: dict[str, Any] | None, two: dict[str, Any] | None, owners: dict[str, str]
) -> None:
    answers = {"dwh": one, "xiva": two}
    merged = merge(answers, owners)
    for name in {*(one or {}), *(two or {})}:
        said = {source: answer[name] for source, answer in answers.items() if answer and name in answer}
        assert merged.values[name] == said[merged.sources[name]]
        assert (merged.values[name] is None) == all(value is None for value in said.values())


def test_order__by_source_and_strategy() -> None:
    assert order_of(DataSource.DWH, MergeStrategy.XIVA_FIRST) == ("dwh",)
    assert order_of(DataSource.AUTO, MergeStrategy.XIVA_FIRST) == ("xiva", "dwh")
    assert order_of(DataSource.AUTO, MergeStrategy.MERGE) == ("dwh", "xiva")
    assert asks_all(DataSource.AUTO, MergeStrategy.MERGE)
    assert not asks_all(DataSource.XIVA, MergeStrategy.MERGE)


def test_describe__unknown_column__gets_words() -> None:
    assert describe("streaming_tv").category == "Services"
    assert describe("total_revenue").unit == "currency"
    assert describe("x" * 300).label == "X" + "x" * 99
