"""What is different between two graphs."""

from copy import deepcopy

from loyalty.journeys.policy.diff import compare
from loyalty.journeys.policy.graph import parse
from tests.journeys.policy.graphs import edges, node, welcome


def test_compare__the_same_moved_on_the_canvas__nothing_is_different() -> None:
    moved = deepcopy(welcome())
    moved["nodes"][2]["position"]["y"] = 900
    told = compare(parse(welcome()), parse(moved))
    assert told == {
        "nodes": {"added": [], "removed": [], "changed": []},
        "edges": {"added": [], "removed": [], "changed": []},
        "settings": [],
        "words": [],
    }


def test_compare__changes__are_told_by_field_and_in_words() -> None:
    after = deepcopy(welcome())
    after["nodes"][2]["config"]["amount"] = 2
    after["nodes"][3]["config"]["rule"] = {"==": [{"var": "city"}, "Oslo"]}
    after["nodes"] = [one for one in after["nodes"] if one["id"] != "quiet"] + [node("extra", "end")]
    after["edges"] = [e for e in after["edges"] if e["source"] != "reminder"] + [
        {**edges("reminder.success extra")[0], "id": "new"}
    ]
    after["edges"][2]["target"] = "points"
    after["settings"]["holdout_percent"] = 10
    told = compare(parse(welcome()), parse(after))
    assert [one["id"] for one in told["nodes"]["added"]] == ["extra"]
    assert [one["id"] for one in told["nodes"]["removed"]] == ["quiet"]
    changed = {one["id"]: one["fields"] for one in told["nodes"]["changed"]}
    assert changed["day"] == [{"path": "config.amount", "before": 1, "after": 2}]
    assert [one["path"] for one in changed["engaged"]] == ["config.rule"]
    assert [(one["source"], one["target_before"], one["target"]) for one in told["edges"]["changed"]] == [
        ("day", "engaged", "points"), ("reminder", "quiet", "extra"),
    ]  # fmt: skip
    assert told["settings"] == [{"path": "holdout_percent", "before": 0, "after": 10}]
    assert "“Day”: amount is 2, was 1." in told["words"]
    assert "“Reminder” leads to “Extra” at success, instead of “Quiet”." in told["words"]
