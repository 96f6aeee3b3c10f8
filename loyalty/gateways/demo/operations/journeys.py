"""The journeys of the demo world, as graphs that the console shows and the platform runs."""

from typing import Any

CARD_ACROSS, CARD_DOWN = 300, 160


def _node(node_id: str, kind: str, name: str, config: dict[str, Any], place: tuple[int, int]) -> dict[str, Any]:
    column, row = place
    position = {"x": column * CARD_ACROSS, "y": row * CARD_DOWN}
    return {"id": node_id, "kind": kind, "name": name, "config": config, "position": position}


def _edges(*lines: tuple[str, str, str]) -> list[dict[str, str]]:
    return [
        {"id": f"{source}-{branch}-{target}", "source": source, "branch": branch, "target": target}
        for source, branch, target in lines
    ]


def second_chance(segment_id: str) -> dict[str, Any]:
    """Give a journey that keeps customers at risk, starting with those who are at risk already."""
    nodes = [
        _node("start", "start", "At risk of leaving", {"trigger": {
            "kind": "segment", "segment_id": segment_id, "edge": "entered", "backfill": True,
        }}, (1, 0)),
        _node("risk", "condition", "Very likely to leave?",
              {"rule": {">=": [{"var": "churn_score"}, 0.8]}, "unknown": "no"}, (1, 1)),
        _node("gift", "action", "Points to stay",
              {"action_type": "award_points", "points": 50, "reason": "Glad you are with us"}, (0, 2)),
        _node("mail", "action", "We have missed you", {
            "action_type": "send_email", "purpose": "marketing",
            "subject": '{{ first_name | "Hello" }}, something for you',
            "body": '<p>Dear {{ first_name | "customer" }},</p><p>Your next top-up brings you twice the points.</p>',
        }, (2, 2)),
        _node("purchase", "wait", "A purchase within a week", {
            "mode": "event", "event_type": "customer.purchase", "filter": None, "correlation": [],
            "timeout": {"amount": 7, "unit": "days"}, "look_back": None,
        }, (1, 3)),
        _node("kept", "end", "Kept", {"outcome": "kept", "is_goal": True}, (0, 4)),
        _node("silent", "end", "No answer", {"outcome": "silent", "is_goal": False}, (2, 4)),
    ]  # fmt: skip
    edges = _edges(
        ("start", "next", "risk"), ("risk", "yes", "gift"), ("risk", "no", "mail"), ("gift", "success", "purchase"),
        ("mail", "success", "purchase"), ("purchase", "next", "kept"), ("purchase", "timeout", "silent"),
    )  # fmt: skip
    settings = {
        "re_entry": "cool_down", "cool_down_days": 30, "holdout_percent": 10, "max_duration_days": 30,
        "goal": {"event_type": "customer.purchase", "filter": None}, "goal_exits": False,
    }  # fmt: skip
    return {"nodes": nodes, "edges": edges, "settings": settings}


def first_top_up() -> dict[str, Any]:
    """Give a journey that another system starts for one customer at a time."""
    nodes = [
        _node("start", "start", "First top-up", {"trigger": {"kind": "api"}}, (1, 0)),
        _node("draw", "split", "Which thanks", {
            "mode": "experiment", "salt": "first-top-up-thanks",
            "branches": [{"code": "points", "weight": 50}, {"code": "words", "weight": 50}],
        }, (1, 1)),
        _node("points", "action", "Ten points", {"action_type": "award_points", "points": 10, "reason": "First top-up"},
              (0, 2)),
        _node("words", "action", "A thank-you mail", {
            "action_type": "send_email", "purpose": "service", "subject": "Thank you for your first top-up",
            "body": '<p>Dear {{ first_name | "customer" }}, thank you for your first top-up.</p>',
        }, (2, 2)),
        _node("pause", "wait", "Three days", {"mode": "duration", "amount": 3, "unit": "days"}, (1, 3)),
        _node("end", "end", "Thanked", {"outcome": "thanked", "is_goal": True}, (1, 4)),
    ]  # fmt: skip
    edges = _edges(
        ("start", "next", "draw"), ("draw", "points", "points"), ("draw", "words", "words"),
        ("points", "success", "pause"), ("words", "success", "pause"), ("words", "skip", "pause"),
        ("pause", "next", "end"),
    )  # fmt: skip
    return {"nodes": nodes, "edges": edges, "settings": {"re_entry": "never"}}
