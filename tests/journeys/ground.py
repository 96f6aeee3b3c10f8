"""Graphs in few words, journeys that run, people in them, and a clock that is moved by hand."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.journeys.models import Execution, Journey, Step
from loyalty.journeys.operations import versions
from loyalty.journeys.operations.advancing import advance
from loyalty.journeys.operations.entering import Entered, Newcomer, enter
from loyalty.journeys.operations.versions import Loaded, load
from loyalty.journeys.policy.graph import parse
from tests.delivery.post import make_customers

SETTINGS = {"re_entry": "each_occurrence"}
DAY = {"kind": "wait", "config": {"mode": "duration", "amount": 1, "unit": "days"}}
END = {"kind": "end", "config": {"outcome": "done"}}


def graph_of(
    nodes: Mapping[str, Mapping[str, Any]],
    ways: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    trigger: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make a graph: nodes by id (``start`` and ``end`` are there), ways as ``"a:branch b"``, ``next`` when left out."""
    told = {
        "start": {"kind": "start", "config": {"trigger": dict(trigger or {"kind": "api"})}},
        **nodes,
        "end": nodes.get("end", END),
    }
    edges = []
    for way in ways:
        source, target = way.split()
        name, _, branch = source.partition(":")
        edges.append({"id": f"{name}-{branch or 'next'}", "source": name, "target": target, "branch": branch or "next"})
    return {
        "nodes": [{"id": name, "name": name, "position": {"x": 0, "y": 0}, **one} for name, one in told.items()],
        "edges": edges,
        "settings": {**SETTINGS, **(settings or {})},
    }


def wait(amount: int = 1, unit: str = "days") -> dict[str, Any]:
    """A wait for a length of time."""
    return {"kind": "wait", "config": {"mode": "duration", "amount": amount, "unit": unit}}


def make_journey(now: datetime, graph: Mapping[str, Any], name: str = "Welcome") -> Loaded:
    """Make a journey that runs this graph, without asking whether it should."""
    with transaction.atomic():
        journey = Journey.objects.create(name=name, draft=dict(graph), saved_at=now, status="ACTIVE", activated_at=now)
        version = versions.write(journey=journey, graph=parse(dict(graph)), comment="", author="tests", now=now)
        journey.live = version
        journey.save()
    return load(version.pk, journey.public_id)


def let_in(loaded: Loaded, customers: Sequence[uuid.UUID], now: datetime, **more: Any) -> Entered:
    """Let customers in, each by an occurrence of its own unless one is given."""
    people = [
        Newcomer(internal_id(one), occurrence=more.get("occurrence") or uuid.uuid4(), key=more.get("key", ""),
            context=more.get("context", {}))
        for one in customers
    ]  # fmt: skip
    return enter(loaded=loaded, people=people, now=now)


def internal_id(customer: uuid.UUID) -> int:
    """Give a customer's internal id."""
    row = sql.fetch_one("SELECT customer_id FROM customers_directory WHERE public_id = %s", [customer])
    assert row is not None
    return int(row["customer_id"])


def run(now: datetime) -> int:
    """Move everybody on whose time has come."""
    return advance(now=now)


def run_through(now: datetime, days: float) -> datetime:
    """Move the clock from timer to timer for so many days, and everybody with it; give the end."""
    until = now + timedelta(days=days)
    at: datetime | None = now
    while at is not None and at <= until:
        advance(now=at)
        at = Execution.objects.filter(due_at__isnull=False).order_by("due_at").values_list("due_at", flat=True).first()
    advance(now=until)
    return until


def path_of(execution: Execution | uuid.UUID) -> list[str]:
    """Give a person's steps as ``node:branch``."""
    pk = execution if isinstance(execution, uuid.UUID) else execution.pk
    rows = Step.objects.filter(execution_id=pk).order_by("visit").values_list("node__code", "branch")
    return [f"{code}:{branch}" for code, branch in rows]


def make_people(count: int, now: datetime, prefix: str = "p") -> list[uuid.UUID]:
    """Make so many customers."""
    return list(make_customers([f"P{number}" for number in range(count)], now, prefix=prefix))


def as_json(data: Any) -> str:
    """Give a value as JSON text."""
    return dumps_exact(data).decode()
