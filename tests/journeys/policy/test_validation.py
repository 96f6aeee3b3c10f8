"""Every problem of a graph names its node and a repair."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from loyalty.journeys.contracts import Severity
from loyalty.journeys.policy.graph import parse
from loyalty.journeys.policy.validation import errors_among, validate
from tests.journeys.policy.graphs import edges, node, start, welcome, world

Change = Callable[[dict[str, Any]], object]


def find(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Give the config of a node."""
    config: dict[str, Any] = next(one for one in document["nodes"] if one["id"] == name)["config"]
    return config


def without(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Take a node out, and leave its edges."""
    document["nodes"] = [one for one in document["nodes"] if one["id"] != name]
    return document


def rewire(document: dict[str, Any], *pairs: str) -> None:
    """Add edges, each instead of the one that left there."""
    for number, one in enumerate(edges(*pairs)):
        kept = [e for e in document["edges"] if (e["source"], e["branch"]) != (one["source"], one["branch"])]
        document["edges"] = [*kept, {**one, "id": f"r{number}"}]


def test_validate__welcome__finds_nothing() -> None:
    assert validate(parse(welcome()), world()) == []


CASES: list[tuple[Change, str, str, str]] = [
    # what is changed, the code, the node, the field
    (lambda g: rewire(g, "reminder.success mail", "day mail"), "journeys.unreachable", "engaged", ""),
    (lambda g: rewire(g, "mail.success reminder", "reminder.success mail"), "journeys.cycle_without_wait", "mail", ""),
    (lambda g: rewire(g, "mail.success mail"), "journeys.cycle_without_wait", "mail", ""),
    (lambda g: g["edges"].pop(3), "journeys.branch_missing", "engaged", "yes"),
    (lambda g: without(g, "points"), "journeys.edge_dangling", "", ""),
    (lambda g: rewire(g, "mail.maybe day"), "journeys.branch_unknown", "mail", ""),
    (lambda g: rewire(g, "reminder.success start"), "journeys.edge_into_start", "start", ""),
    (lambda g: g["edges"].append({**edges("mail.success quiet")[0], "id": "x"}), "journeys.branch_twice", "mail", ""),
    (lambda g: without(g, "start"), "journeys.start_missing", "", ""),
    (lambda g: g["nodes"].append({**start(), "id": "again"}), "journeys.start_many", "again", ""),
    (lambda g: [without(g, one) for one in ("done", "quiet")], "journeys.end_missing", "", ""),
    (lambda g: find(g, "mail").update(action_type="teleport"), "journeys.action_unknown", "mail", "action_type"),
    (lambda g: find(g, "mail").pop("action_type"), "journeys.field_missing", "mail", "action_type"),
    (lambda g: find(g, "mail").update(action_type="issue_reward"), "journeys.action_unavailable", "mail",
     "action_type"),
    (lambda g: find(g, "mail").update(text="gone"), "journeys.template_unknown", "mail", "text"),
    (lambda g: find(g, "mail").pop("text"), "journeys.field_missing", "mail", "text"),
    (lambda g: find(g, "mail").update(colour="red"), "journeys.unknown_field", "mail", "colour"),
    (lambda g: find(g, "mail").update(retries_max=11), "journeys.field_invalid", "mail", "retries_max"),
    (lambda g: find(g, "engaged").update(rule={"==": [{"var": "shoe_size"}, 1]}), "journeys.rule_invalid", "engaged",
     "rule/==/0"),
    (lambda g: find(g, "engaged").update(rule={"explode": 1}), "journeys.rule_invalid", "engaged", "rule"),
    (lambda g: find(g, "engaged").update(rule={"==": [{"var": "event.amount"}, 1]}), "journeys.rule_invalid", "engaged",
     "rule/==/0"),
    (lambda g: find(g, "engaged").update(unknown="perhaps"), "journeys.field_invalid", "engaged", "unknown"),
    (lambda g: find(g, "day").update(amount=0), "journeys.field_invalid", "day", "amount"),
    (lambda g: find(g, "day").pop("unit"), "journeys.field_missing", "day", "unit"),
    (lambda g: find(g, "day").update(time="09:00"), "journeys.unknown_field", "day", "time"),
    (lambda g: find(g, "day").update(mode="dream"), "journeys.field_invalid", "day", "mode"),
    (lambda g: find(g, "start")["trigger"].update(segment_id="01900000-0000-7000-8000-00000000dead"),
     "journeys.segment_unknown", "start", "trigger.segment_id"),
    (lambda g: find(g, "start")["trigger"].update(segment_id="x"), "journeys.segment_unknown", "start",
     "trigger.segment_id"),
    (lambda g: find(g, "start").update(trigger={}), "journeys.field_missing", "start", "trigger"),
    (lambda g: find(g, "start")["trigger"].update(kind="dream"), "journeys.field_invalid", "start", "trigger.kind"),
    (lambda g: find(g, "start").update(trigger={"kind": "event", "event_type": "points.dreamt"}),
     "journeys.event_unknown", "start", "trigger.event_type"),
    (lambda g: find(g, "start").update(trigger={"kind": "event", "event_type": "customer.purchase",
                                                "filter": {"explode": 1}}),
     "journeys.filter_invalid", "start", "trigger.filter"),
    (lambda g: g["settings"].pop("re_entry"), "journeys.re_entry_missing", "", "re_entry"),
    (lambda g: g["settings"].update(re_entry="cool_down"), "journeys.setting_invalid", "", "cool_down_days"),
    (lambda g: g["settings"].update(concurrency="one_per_key"), "journeys.setting_invalid", "", "key_path"),
    (lambda g: g["settings"].update(holdout_percent=51), "journeys.setting_invalid", "", "holdout_percent"),
    (lambda g: g["settings"].update(max_duration_days=0), "journeys.setting_invalid", "", "max_duration_days"),
    (lambda g: g["settings"].update(goal_exits=True), "journeys.setting_invalid", "", "goal_exits"),
    (lambda g: g["settings"].update(exit_rule={"==": [{"var": "shoe"}, 1]}), "journeys.rule_invalid", "",
     "exit_rule/==/0"),
    (lambda g: g["settings"].update(exit_events=[{"event_type": ""}]), "journeys.event_missing", "",
     "exit_events.0.event_type"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "node_id", "field"), CASES, ids=[f"{c[1]}-{c[3]}" for c in CASES])
def test_validate__something_wrong__names_node_field_and_repair(
    change: Change, code: str, node_id: str, field: str
) -> None:
    document = deepcopy(welcome())
    change(document)
    found = errors_among(validate(parse(document), world()))
    told = [(one.code, one.node_id, one.field) for one in found]
    assert (code, node_id, field) in told
    assert all(one.repair and one.message for one in found)


def test_validate__cycle_with_a_wait__is_allowed_and_bounded_by_the_longest_time() -> None:
    document = deepcopy(welcome())
    find(document, "reminder")["retries_max"] = 1
    rewire(document, "reminder.success day", "reminder.failure quiet")
    assert errors_among(validate(parse(document), world())) == []
    del document["settings"]["max_duration_days"]
    assert [one.code for one in validate(parse(document), world())] == ["journeys.cycle_unbounded"]


def test_validate__event_from_outside_that_nobody_told__only_warns() -> None:
    document = deepcopy(welcome())
    find(document, "start")["trigger"] = {"kind": "event", "event_type": "customer.cart_left"}
    found = validate(parse(document), world())
    assert [(one.code, one.severity) for one in found] == [("journeys.event_unknown", Severity.WARNING)]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"mode": "until"}, "date"),
        ({"mode": "until", "date": "2026-13-01"}, "date"),
        ({"mode": "until", "attribute": "city"}, "attribute"),
        ({"mode": "until", "attribute": "shoe"}, "attribute"),
        ({"mode": "until", "date": "2026-12-01", "time_zone": "Moon/Base"}, "time_zone"),
        ({"mode": "local_time", "time": "25:00"}, "time"),
        ({"mode": "local_time", "time": "09:00", "weekdays": [0]}, "weekdays"),
        ({"mode": "event"}, "event_type"),
        ({"mode": "event", "event_type": "message.opened", "timeout": {"amount": 1}}, "timeout.unit"),
        ({"mode": "event", "event_type": "message.opened", "correlation": [{"event_path": "a"}]}, "correlation.0"),
    ],
)
def test_validate__wait__of_each_mode_is_held_against_what_it_asks_for(config: dict[str, Any], field: str) -> None:
    document = deepcopy(welcome())
    find(document, "day").clear()
    find(document, "day").update(config)
    assert field in [one.field for one in errors_among(validate(parse(document), world())) if one.node_id == "day"]


def test_validate__large_graph__walks_without_recursion() -> None:
    nodes = [start(), *(node(f"w{n}", "wait", mode="duration", amount=1, unit="days") for n in range(498))]
    nodes.append(node("end", "end"))
    chain = ["start w0", *(f"w{n} w{n + 1}" for n in range(497)), "w497 end"]
    document = {"nodes": nodes, "edges": edges(*chain), "settings": {"re_entry": "never"}}
    assert validate(parse(document), world()) == []
