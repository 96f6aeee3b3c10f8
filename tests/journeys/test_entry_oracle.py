"""Who comes in, against the plainest account of one person: re-entry, keys, cool-down, holdout, occurrences."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyalty.foundation.rules import api as rules
from loyalty.journeys.models import Execution
from loyalty.journeys.operations import entering
from tests.journeys import ground

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STAY = timedelta(days=1)
KEYS = ("", "a", "b")
Came = tuple[int, str, uuid.UUID]


@dataclass
class Time:
    """One time that somebody came in, or would have."""

    key: str
    occurrence: uuid.UUID
    began: datetime
    is_held_out: bool


@dataclass
class Account:
    """What one person's account says of whether the person may come in."""

    chosen: dict[str, Any]
    is_drawn: bool
    times: list[Time] = field(default_factory=list)

    def comes(self, key: str, occurrence: uuid.UUID, at: datetime) -> bool:
        """Tell whether the person is written down now, and write it down."""
        if any(one.occurrence == occurrence or one.is_held_out for one in self.times):
            return False
        mine = [one for one in self.times if one.key == key]
        if any(at < one.began + STAY for one in mine):
            return False
        if mine and self.chosen["re_entry"] == "never":
            return False
        pause = timedelta(days=self.chosen.get("cool_down_days") or 0)
        if mine and self.chosen["re_entry"] == "cool_down" and at < mine[-1].began + pause:
            return False
        self.times.append(Time(key, occurrence, at, self.is_drawn))
        return True


choices = st.fixed_dictionaries(
    {
        "re_entry": st.sampled_from(["never", "after_exit", "each_occurrence", "cool_down"]),
        "holdout_percent": st.sampled_from([0, 0, 40]),
        "concurrency": st.just("one_per_key"),
        "key_path": st.just("event.order"),
    }
)
# Hours that pass, then who comes: the person, the key, and which of a few occurrences led in.
moves = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 23, 24, 25, 60, 73]),
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from(KEYS), st.integers(0, 9)),
            min_size=1, max_size=5, unique_by=(lambda one: (one[0], one[1]), lambda one: (one[0], one[2])),
        ),
    ),
    min_size=1, max_size=10,
)  # fmt: skip
Move = tuple[int, Sequence[tuple[int, str, int]]]


@settings(
    max_examples=40, database=None, deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False
)
@given(chosen=choices, drawn=moves)
@example(
    chosen={"re_entry": "cool_down", "holdout_percent": 0, "concurrency": "one_per_key", "key_path": "event.order"},
    drawn=[(0, [(0, "a", 0)]), (72, [(0, "a", 1)]), (1, [(0, "a", 2), (0, "b", 3)])],
)
def test_entry__any_order_of_comings__as_each_account_says(chosen: dict[str, Any], drawn: Sequence[Move]) -> None:
    if chosen["re_entry"] == "cool_down":
        chosen = {**chosen, "cool_down_days": 3}
    with transaction.atomic():
        loaded = ground.make_journey(BEGIN, ground.graph_of({"w": ground.wait(1)}, ["start w", "w end"], chosen))
        people = ground.make_people(4, BEGIN)
        ids = [ground.internal_id(one) for one in people]
        drawn_by = f"holdout:{loaded.journey_id}"
        least = chosen["holdout_percent"] * 100
        accounts = [Account(chosen, rules.bucket_of(drawn_by, str(one), 10_000) < least) for one in people]
        at = BEGIN
        for hours, comings in drawn:
            at += timedelta(hours=hours)
            ground.run(at)
            wanted: list[Came] = []
            for number, key, name in comings:
                occurrence = uuid.UUID(int=name + 1)
                told = ground.let_in(loaded, [people[number]], at, key=key, occurrence=occurrence)
                comes = accounts[number].comes(key, occurrence, at)
                assert told.entered + told.held_out == int(comes)
                if comes:
                    wanted.append((ids[number], key, occurrence))
            found = Execution.objects.filter(started_at=at, journey_id=loaded.journey_pk)
            assert set(wanted) <= set(found.values_list("customer_id", "key", "occurrence"))
        rows = Execution.objects.order_by("customer_id", "started_at", "key")
        told_rows = [(one.customer_id, one.key, one.occurrence, one.started_at, one.is_held_out) for one in rows]
        kept = [
            (ids[number], one.key, one.occurrence, one.began, one.is_held_out)
            for number, account in enumerate(accounts)
            for one in account.times
        ]
        assert sorted(map(str, told_rows)) == sorted(map(str, kept))
        transaction.set_rollback(True)


@pytest.mark.parametrize("fault", [{"cool_down_days": 4}, {"re_entry": "after_exit"}, {"holdout_percent": 100}])
def test_planted_fault__another_setting_than_was_chosen__is_found(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    told = entering.settings_of
    monkeypatch.setattr(entering, "settings_of", lambda loaded: json.dumps({**json.loads(told(loaded)), **fault}))
    with pytest.raises(AssertionError):
        test_entry__any_order_of_comings__as_each_account_says()
