"""Histories of yesterday take the same path on the code of today."""

from typing import Any

import pytest

from loyalty.journeys.policy import conditions
from tests.journeys import histories

SHORT = 1_000


def test_replay__histories_that_were_kept__take_the_same_path() -> None:
    walked, different = histories.replay(SHORT)
    assert (walked, different) == (SHORT, [])


def test_replay__planted_fault__is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = conditions.decide

    def not_known_is_no(*arguments: Any, **more: Any) -> conditions.Verdict:
        return conditions.Verdict(bool(decide(*arguments, **more).answer))

    monkeypatch.setattr(conditions, "decide", not_known_is_no)
    _, different = histories.replay(SHORT)
    assert different


def test_replay__as_many_as_promised__and_of_every_ending() -> None:
    states = [person["told"][0] for _, person in histories.kept()]
    assert len(states) >= 10_000
    assert {"COMPLETED", "FAILED", "EXITED", "EXPIRED", "WAITING"} <= set(states)
