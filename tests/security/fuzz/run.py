"""One run of the fuzz: what it asks, what it holds an answer against, and what it found.

An answer is held against what the short run in the tests wants (``tests/gateways/wild.py``), and a call that was let
through against the permission that its route declares.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest import SkipTest

import schemathesis
from django.db import IntegrityError, connection
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import InvalidArgument, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from loyalty.foundation.access.operations import create_token, create_user
from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from loyalty.ledger import api as ledger
from tests.gateways.wild import DOCUMENT_PATH, Case, Guide, faults_of, known_codes, wild_application
from tests.gateways.world import NOW, PASSWORD
from tests.security.matrix import world
from tests.security.matrix.callers import PARTNER
from tests.security.matrix.routes import list_routes

# Calls of one operation before the next one has its turn.
TURN_CALLS = 8
SHOWN_LENGTH = 600


@dataclass
class Findings:
    """What was asked and what came of it."""

    role: str
    seed: int
    calls: int = 0
    rounds: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)

    def take(self, label: str, status: int, faults: list[str], shown: str) -> None:
        """Count one answer; a kind of fault is shown when it comes for the first time."""
        self.calls += 1
        self.statuses[status] += 1
        self.operations[label] += 1
        if status < 300:
            self.reached.add(label)
        for fault in faults:
            name = f"{label}: {fault}"
            if not self.faults[name]:
                print(f"FAULT {name}\n{shown}\n", flush=True)
            self.faults[name] += 1

    def summary(self, seconds: float) -> dict[str, Any]:
        """Give the figures."""
        return {
            "role": self.role,
            "seed": self.seed,
            "minutes": round(seconds / 60, 1),
            "calls": self.calls,
            "worlds": self.rounds,
            "operations": len(self.operations),
            "operations_answered_2xx": len(self.reached),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "faults": dict(self.faults),
        }


def permissions_by_label() -> Mapping[str, str | None]:
    """Give what each operation of the contract needs, as the views declare it."""
    return {
        f"{method.upper()} /{route.address}": route.permission(method)
        for route in list_routes()
        for method in route.handlers
    }


class Run:
    """One run: asks operation after operation, in one world after another."""

    def __init__(self, findings: Findings, only: str) -> None:
        config = SchemathesisConfig.from_dict({"generation": {"database": "none", "mode": "all"}})
        schema = schemathesis.openapi.from_wsgi(DOCUMENT_PATH, wild_application(), config=config)
        found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
        self.operations = [one for one in found if only in one.label]
        self.codes = known_codes()
        self.needs = permissions_by_label()
        self.findings = findings
        self.turn = 0

    def go_on(self, until: float) -> None:
        """Ask in one world, until its time or that of the run is over."""
        with world.held() as sides:
            self.findings.rounds += 1
            token, granted = somebody(self.findings.role, sides.mine.program)
            guide = Guide(replace(sides.world, token=token))
            while time.monotonic() < until:
                operation = self.operations[self.turn % len(self.operations)]
                self.turn += 1
                self.ask(operation, guide, granted)

    def ask(self, operation: Any, guide: Guide, granted: frozenset[str]) -> None:
        """Ask one operation some times."""
        modes = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
        strategy = operation.as_strategy(generation_mode=modes[self.turn // len(self.operations) % 2])

        @seed(self.findings.seed + self.turn)
        @settings(
            max_examples=TURN_CALLS, database=None, deadline=None, phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=strategy)
        def turn(case: Case) -> None:
            self.call(case, guide, granted)

        try:
            turn()
        except (Unsatisfiable, InvalidArgument, SkipTest):
            # An operation for which nothing unlawful can be made up has no such calls.
            return

    def call(self, case: Case, guide: Guide, granted: frozenset[str]) -> None:
        """Make one call of which nothing stays, and hold its answer against what must be."""
        faults: list[str] = []
        headers = guide.guide(case)
        with world.undone():
            answer = case.call(headers=headers)
            faults += faults_of(case, answer, self.codes)
            if not faults and case.method != "GET" and answer.status_code < 300:
                faults += unkept()
        faults += beyond(self.needs.get(case.operation.label), granted, answer.status_code)
        shown = f"{case.as_curl_command()[:SHOWN_LENGTH]}\n{answer.content.decode('utf-8', 'replace')[:SHOWN_LENGTH]}"
        self.findings.take(case.operation.label, answer.status_code, faults, shown)


def unkept() -> list[str]:
    """Say what a commit would refuse, and which invariants of the book do not hold."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as fault:
        return [f"could not be committed: {fault}"]
    return [one.code for one in ledger.check_invariants(now=NOW) if one.violations]


def beyond(needed: str | None, granted: frozenset[str], status: int) -> list[str]:
    """Say when a call was let through without its permission."""
    if needed is None or needed in (PUBLIC, SIGNED_IN) or needed in granted or status >= 400:
        return []
    return [f"let through without {needed}"]


def somebody(role: str, program: str) -> tuple[str, frozenset[str]]:
    """Make somebody of a role; gives a token and the permissions held."""
    refs = {role: [program, PARTNER]}
    made = create_user(username=f"fuzz-{role}", password=PASSWORD, email="", roles=[role], scope_refs=refs)
    return create_token(user_id=made.id, name="fuzz", now=NOW, lifetime=timedelta(days=1)).secret, frozenset(
        made.permissions
    )
