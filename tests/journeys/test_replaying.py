"""Histories that were kept take the same path through the engine; a fault planted in it is found.

A few people of some graphs here; ``./khaywe bench histories`` takes all that are kept.
"""

import re
from typing import Any

import pytest

from loyalty.journeys.contracts import NO
from loyalty.journeys.operations import deciding
from tests.journeys import histories, replaying

pytestmark = pytest.mark.django_db
GRAPHS, PEOPLE = 3, 6


def longest(name: str) -> list[dict[str, Any]]:
    """Give a few people of the graphs with most steps."""
    groups = sorted(histories.groups(name), key=lambda one: sum(len(person["told"][-1]) for person in one["people"]))
    return [{**one, "people": one["people"][:PEOPLE]} for one in groups[-GRAPHS:]]


def by_branch(name: str, branch: str) -> list[dict[str, Any]]:
    """Give a few people who left a node by a branch."""
    groups = [
        {**one, "people": [person for person in one["people"] if branch in [step[1] for step in person["told"][-1]]]}
        for one in histories.groups(name)
    ]
    return [{**one, "people": one["people"][:PEOPLE]} for one in groups if one["people"]][:1]


def different(groups: list[dict[str, Any]]) -> list[str]:
    """Take people through the engine; tell who came out differently."""
    found = []
    with replaying.told_action():
        for group in groups:
            told = replaying.lead(group["graph"], group["people"])
            found += [
                str(histories.Difference(one["customer"], one["told"], told[one["customer"]]))
                for one in group["people"]
                if told[one["customer"]] != one["told"]
            ]
    return found


@pytest.mark.parametrize("name", histories.NAMES)
def test_replay__kept_histories__same_steps_at_the_same_instants(name: str) -> None:
    assert different(longest(name)) == []


def test_replay__fault_planted_in_the_engine__is_told_with_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    people = by_branch("histories", "unknown")
    assert different(people) == []
    monkeypatch.setitem(deciding.ANSWERS, None, NO)
    found = different(people)
    assert len(found) == sum(len(one["people"]) for one in people) > 0
    assert all(re.search(r": step \d+ was \['n\d', 'unknown', .* and is now \['n\d', 'no', ", one) for one in found)
