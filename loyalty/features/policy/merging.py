"""Whose value counts when several sources know a customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.features.contracts import DataSource, MergeStrategy


@dataclass(frozen=True, slots=True)
class Merged:
    """The values that count, and which source each came from."""

    values: dict[str, Any]
    sources: dict[str, str]


def order_of(data_source: DataSource, strategy: MergeStrategy) -> tuple[str, ...]:
    """Give the sources in the order in which they are asked."""
    if data_source is not DataSource.AUTO:
        return (str(data_source),)
    xiva_leads = strategy is MergeStrategy.XIVA_FIRST
    both = (str(DataSource.XIVA), str(DataSource.DWH))
    return both if xiva_leads else both[::-1]


def asks_all(data_source: DataSource, strategy: MergeStrategy, precedences: Mapping[str, str] | None = None) -> bool:
    """Tell whether every source is asked, or only the first that knows the customer.

    :param precedences: fields that have a source of their own; one that is not the first must be asked too.
    """
    if data_source is not DataSource.AUTO:
        return False
    first = order_of(data_source, strategy)[0]
    return strategy is MergeStrategy.MERGE or any(source != first for source in (precedences or {}).values())


def merge(
    answers: Mapping[str, Mapping[str, Any] | None],
    owners: Mapping[str, str],
    precedences: Mapping[str, str] | None = None,
    *,
    fills_gaps: bool = True,
) -> Merged:
    """Put answers together field by field.

    :param answers: what each source said, in the order of precedence; None when it does not know the customer.
    :param owners: the source that the catalogue names for a field; its value goes before all others unless NULL.
    :param precedences: the source that a person named for a field; it goes before the owner, unless NULL.
    :param fills_gaps: whether every source counts (``merge``), or only the first that knows the customer, apart from
        fields with a precedence.
    """
    said = {source: answer for source, answer in answers.items() if answer is not None}
    counted = list(said.items()) if fills_gaps else list(said.items())[:1]
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, answer in counted:
        for name, value in answer.items():
            owned = owners.get(name) == source and value is not None
            if name not in values or (values[name] is None and value is not None) or owned:
                values[name], sources[name] = value, source
    for name, source in (precedences or {}).items():
        value = said.get(source, {}).get(name)
        if value is not None:
            values[name], sources[name] = value, source
    return Merged(values=values, sources=sources)
