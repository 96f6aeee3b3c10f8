"""One person's way through a graph, decided step by step: for trying a journey, and as what the engine is held against.

Nothing is read and nothing done here: what is known of the person, and what an action would come to, are answered by
who calls. The clock is whatever instants come in. The engine does the same in sets; ``README.md`` has the semantics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import (
    FAILURE,
    NEXT,
    NO,
    OPEN_STATES,
    UNKNOWN,
    VISITS_MAX,
    YES,
    EventMatch,
    ExecutionState,
    Graph,
    Node,
    NodeKind,
    WaitMode,
)
from loyalty.journeys.policy import conditions, waiting
from loyalty.journeys.policy.conditions import Condition, Scope, Verdict, value_at
from loyalty.journeys.policy.drawing import draw_of
from loyalty.journeys.policy.graph import Wiring
from loyalty.journeys.policy.naming import result_name
from loyalty.journeys.policy.reasons import Reason

RETRIES_MAX, RETRY_AFTER_MINUTES = 3, 15
EXIT, GOAL = "exit", "goal"
TOO_OFTEN = Reason("too_often")


@dataclass(frozen=True, slots=True)
class Happening:
    """An event about the person; ``id`` tells it from others."""

    at: datetime
    event_type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What a filter may read."""
        return {**self.data, "event_type": self.event_type, "occurred_at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Acted:
    """What an action came to, or would; ``shown`` is what a person looking on would like to see."""

    branch: str
    result: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    may_pass: bool = False
    shown: Any = None
    warnings: tuple[str, ...] = ()


class Person(Protocol):
    """Who walks, and what is known of them."""

    @property
    def customer_id(self) -> str:
        """The public id as text."""
        ...

    @property
    def time_zone(self) -> str:
        """The zone of the person's clock."""
        ...

    @property
    def journey_id(self) -> str:
        """The public id of the journey as text; what is kept for one journey is kept under it."""
        ...

    def features(self, names: frozenset[str], at: datetime) -> Mapping[str, Any]:
        """Give the features of these names at an instant."""
        ...

    def arm(self, kept_as: str) -> str | None:
        """Give the arm that is kept under a name from before this walk, or None."""
        ...

    def history(self, at: datetime) -> rules.History | None:
        """Give who answers for events, segments and buckets."""
        ...

    def act(self, node: Node, context: Mapping[str, Any], visit: int, at: datetime) -> Acted:
        """Do what an action does, or tell what it would come to."""
        ...

    def happened(self, event_type: str, since: datetime, until: datetime) -> Sequence[Happening]:
        """Give the events of a kind from an instant up to another, for waits that look back."""
        ...


@dataclass(frozen=True, slots=True)
class Visit:
    """One node that the person came to; ``left_at`` is None where the person stands."""

    node_id: str
    entered_at: datetime
    left_at: datetime | None = None
    branch: str = ""
    reasons: tuple[str, ...] = ()
    shown: Any = None
    warnings: tuple[str, ...] = ()
    result: Mapping[str, Any] | None = None


class Walk:
    """A person in a journey. ``begin`` once, then ``hear`` and ``advance`` in the order of time."""

    def __init__(
        self,
        graph: Graph,
        scope: Scope,
        person: Person,
        *,
        profile: int = rules.PROFILE_LATEST,
        language: str = "en",
    ) -> None:
        self.language = language
        self.wiring = Wiring(graph)
        self.settings = graph.settings
        self.person = person
        self.state = ExecutionState.NOT_STARTED
        self.node_id = ""
        self.visit = 0
        self.attempts = 0
        self.context: dict[str, Any] = {}
        self.entered_at: datetime | None = None
        self.due_at: datetime | None = None
        self.timer = ""
        self.expires_at: datetime | None = None
        self.goal_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.outcome = ""
        self.reason = ""
        self.path: list[Visit] = []
        self._scope, self._profile = scope, profile
        self._prepared: dict[int, Condition | None] = {}
        self._left: dict[str, int] = {}
        self._arms: dict[str, str] = {}
        self._entry_id = ""

    @property
    def is_open(self) -> bool:
        """Whether the person is inside."""
        return self.state in OPEN_STATES and bool(self.node_id)

    def begin(self, *, at: datetime, context: Mapping[str, Any], entry_id: str = "") -> None:
        """Come in; ``entry_id`` is the event that led in, which wakes no wait by itself."""
        start = self.wiring.start
        if start is None:
            self._end(ExecutionState.FAILED, at, reason=Reason("no_start"))
            return
        self.context, self._entry_id = dict(context), entry_id
        if self.settings.max_duration_days is not None:
            self.expires_at = at + timedelta(days=self.settings.max_duration_days)
        self._arrive(start, at)
        self._leave(start, NEXT, at)

    def next_at(self) -> datetime | None:
        """Give when time alone moves the person next; None when only an event does, or nothing."""
        if not self.is_open:
            return None
        instants = [one for one in (self.due_at, self.expires_at) if one is not None]
        return min(instants, default=None)

    def advance(self, at: datetime) -> None:
        """Do everything for which the time has come."""
        while self.is_open:
            if self.expires_at is not None and self.expires_at <= at:
                self._end(ExecutionState.EXPIRED, at, branch="expired", reason=Reason("expired"))
            elif self.due_at is not None and self.due_at <= at:
                self._step(at)
            else:
                return

    def hear(self, event: Happening) -> None:
        """Hear an event: what leads out first, then the goal, then the wait for it."""
        if not self.is_open or self._is_entry(event):
            return
        for match in self.settings.exit_events:
            if self._is(match, event):
                self._end(
                    ExecutionState.EXITED,
                    event.at,
                    branch=EXIT,
                    reason=Reason("left_by_event", event_type=match.event_type),
                )
                return
        goal = self.settings.goal
        if goal is not None and goal.event is not None and self._is(goal.event, event):
            self._reach(event.at)
        node = self.wiring.nodes.get(self.node_id)
        if node is None or self.state not in OPEN_STATES:
            return
        if self._waits_for(node) and self._is_awaited(node, event):
            self._wake(node, event, event.at)

    def run(self, events: Sequence[Happening], *, until: datetime) -> None:
        """Hear events and let time pass up to an instant; an event at the instant of a timer comes first."""
        for event in sorted(events, key=lambda one: one.at):
            if event.at > until:
                break
            self._pass(event.at, is_before=True)
            self.hear(event)
            self.advance(event.at)
        self._pass(until, is_before=False)

    def _pass(self, until: datetime, *, is_before: bool) -> None:
        while (at := self.next_at()) is not None and (at < until or (at == until and not is_before)):
            self.advance(at)

    # What happens at a node.

    def _step(self, at: datetime) -> None:
        node = self.wiring.nodes[self.node_id]
        if not self._stays(at):
            return
        if node.kind == NodeKind.ACTION:
            self._act(node, at)
        elif node.kind == NodeKind.CONDITION:
            self._decide(node, at)
        elif node.kind == NodeKind.SPLIT:
            self._split(node, at)
        elif node.kind == NodeKind.WAIT:
            self._wait(node, at)
        else:
            self._leave(node, NEXT, at)

    def _stays(self, at: datetime) -> bool:
        """Ask the exit rule and the goal; tell whether the person goes on."""
        if self.settings.exit_rule is not None:
            verdict, reasons = self._ask(self.settings.exit_rule, at)
            if verdict.answer:
                self._end(ExecutionState.EXITED, at, branch=EXIT, reason=Reason("exit_rule"), reasons=reasons)
                return False
        goal = self.settings.goal
        if goal is not None and goal.rule is not None and self._ask(goal.rule, at)[0].answer:
            self._reach(at)
        return self.is_open

    def _reach(self, at: datetime) -> None:
        self.goal_at = self.goal_at or at
        if self.settings.goal_exits:
            self._end(ExecutionState.EXITED, at, branch=GOAL, reason=Reason("goal"))

    def _act(self, node: Node, at: datetime) -> None:
        told = self.person.act(node, self.context, self.visit, at)
        retries = _whole(node.config.get("retries_max"), RETRIES_MAX)
        if told.branch == FAILURE and told.may_pass and self.attempts < retries:
            self.attempts += 1
            self.due_at = at + timedelta(minutes=_whole(node.config.get("retry_after_minutes"), RETRY_AFTER_MINUTES))
            self.reason = "; ".join(told.reasons)
            return
        self.context = {**self.context, result_name(node.id): {"branch": told.branch, **told.result}}
        self._leave(
            node, told.branch, at, reasons=told.reasons, shown=told.shown, warnings=told.warnings, result=told.result
        )

    def _decide(self, node: Node, at: datetime) -> None:
        verdict, reasons = self._ask(node.config.get("rule"), at)
        branch = {True: YES, False: NO, None: UNKNOWN}[verdict.answer]
        self._leave(node, branch, at, reasons=reasons)

    def _split(self, node: Node, at: datetime) -> None:
        draw = draw_of(node, self.person.journey_id)
        kept = (self._arms.get(draw.kept_as) or self.person.arm(draw.kept_as)) if draw.kept_as else None
        if kept is not None and kept in draw.weights:
            self._leave(node, kept, at, reasons=(Reason("arm_kept", branch=kept),))
            return
        branch = draw.branch_of(self.person.customer_id)
        if draw.kept_as:
            self._arms[draw.kept_as] = branch
        bucket = draw.bucket_of(self.person.customer_id)
        self._leave(node, branch, at, reasons=(Reason("drawn", bucket=bucket, total=draw.total),))

    def _wait(self, node: Node, at: datetime) -> None:
        if self.state == ExecutionState.WAITING:
            due = self._due(node)
            self._leave(node, self.timer or NEXT, at, reasons=(due.reason,) if due.reason else ())
            return
        if self._waits_for(node):
            earlier = self._earlier(node, at)
            if earlier is not None:
                self._wake(node, earlier, at)
                return
        due = self._due(node)
        if due.at is not None and due.at <= at:
            self._leave(node, due.branch, at, reasons=(due.reason,))
            return
        self.state, self.due_at, self.timer = ExecutionState.WAITING, due.at, due.branch

    def _due(self, node: Node) -> waiting.Due:
        entered = self.entered_at
        assert entered is not None  # whoever is at a node came to it
        return waiting.due_of(node, self._facts(node, entered), entered_at=entered, customer_zone=self.person.time_zone)

    def _facts(self, node: Node, at: datetime) -> dict[str, Any]:
        attribute = str(node.config.get("attribute") or "")
        names = frozenset({attribute} if attribute and "." not in attribute else ())
        return self._known(names, at)

    def _earlier(self, node: Node, at: datetime) -> Happening | None:
        span = waiting.span_of(node.config.get("look_back"))
        if span is None:
            return None
        told = self.person.happened(str(node.config.get("event_type")), at - span, at)
        return next((one for one in told if not self._is_entry(one) and self._is_awaited(node, one)), None)

    def _is_entry(self, event: Happening) -> bool:
        """Whether it is the event that led in, which wakes no wait; one without an id is not known to be."""
        return bool(event.id) and event.id == self._entry_id

    def _wake(self, node: Node, event: Happening, at: datetime) -> None:
        self.context = {**self.context, result_name(node.id): dict(event.facts)}
        self._leave(
            node, NEXT, at, reasons=(Reason("event_came", event_type=event.event_type),), result={"event_id": event.id}
        )

    # What is known, and whether it fits.

    def _known(self, names: frozenset[str], at: datetime) -> dict[str, Any]:
        told = dict(self.person.features(names, at)) if names else {}
        return {**told, "event": self.context.get("event") or {}, "context": self.context}

    def _ask(self, rule: Any, at: datetime) -> tuple[Verdict, tuple[str, ...]]:
        condition = self._condition(rule)
        if condition is None:
            return Verdict(None), (Reason("rule_gone"),)
        facts = self._known(condition.fields, at)
        history = self.person.history(at) if condition.asks_history else None
        verdict = conditions.decide(condition, facts, now=at, history=history)
        return verdict, conditions.reasons_of(
            condition, verdict, facts, now=at, history=history, language=self.language
        )

    def _condition(self, rule: Any) -> Condition | None:
        if id(rule) not in self._prepared:
            try:
                self._prepared[id(rule)] = conditions.prepare(rule, self._scope, self._profile)
            except rules.RuleInvalid:
                self._prepared[id(rule)] = None
        return self._prepared[id(rule)]

    def _is(self, match: EventMatch, event: Happening) -> bool:
        is_kind = match.event_type == event.event_type
        return is_kind and conditions.matches_event(match.filter, event.facts, now=event.at)

    def _is_awaited(self, node: Node, event: Happening) -> bool:
        match = EventMatch(str(node.config.get("event_type")), node.config.get("filter") or None)
        return self._is(match, event) and is_correlated(node, event.data, self.context)

    @staticmethod
    def _waits_for(node: Node) -> bool:
        return node.kind == NodeKind.WAIT and node.config.get("mode") == WaitMode.EVENT

    # Where the person is.

    def _arrive(self, node: Node, at: datetime) -> None:
        self.visit += 1
        self.node_id, self.entered_at, self.attempts, self.timer = node.id, at, 0, ""
        self.path.append(Visit(node.id, at))
        is_span = node.kind == NodeKind.WAIT and (node.config.get("mode") or WaitMode.DURATION) == WaitMode.DURATION
        span = waiting.span_of(node.config) if is_span else None
        self.state = ExecutionState.IN_PROGRESS if span is None else ExecutionState.WAITING
        self.due_at = at if span is None else at + span

    def _leave(self, node: Node, branch: str, at: datetime, **told: Any) -> None:
        self.path[-1] = replace(self.path[-1], left_at=at, branch=branch, **told)
        before = self._left.get(node.id, 0)
        self._left[node.id] = before + 1
        target = self.wiring.nodes.get(self.wiring.follow(node, branch) or "")
        if before >= VISITS_MAX:
            self._finish(ExecutionState.FAILED, at, TOO_OFTEN)
        elif target is None:
            self._finish(ExecutionState.FAILED, at, "; ".join(told.get("reasons") or ()) or branch)
        elif target.kind == NodeKind.END:
            self._arrive(target, at)
            self.path[-1] = replace(self.path[-1], left_at=at)
            self.outcome = str(target.config.get("outcome") or "")
            self.goal_at = self.goal_at or (at if target.config.get("is_goal") else None)
            self._finish(ExecutionState.COMPLETED, at, self.reason)
        else:
            self._arrive(target, at)

    def _end(self, state: ExecutionState, at: datetime, *, branch: str = "", reason: str, **told: Any) -> None:
        """End where the person stands."""
        if self.path:
            self.path[-1] = replace(self.path[-1], left_at=at, branch=branch, **{"reasons": (reason,), **told})
        self._finish(state, at, reason)

    def _finish(self, state: ExecutionState, at: datetime, reason: str) -> None:
        self.state, self.due_at, self.ended_at, self.reason = state, None, at, reason


def is_correlated(node: Node, data: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    """Tell whether every part of an event that has to equal a part of the context does, and is there at all."""
    for pair in node.config.get("correlation") or ():
        told = value_at(data, str(pair["event_path"]).removeprefix("event."))
        wanted = value_at(context, str(pair["context_path"]).removeprefix("context."))
        if told is None or _as_text(told) != _as_text(wanted):
            return False
    return True


def _as_text(value: Any) -> str:
    """Give a value as PostgreSQL gives it as text out of JSON."""
    if value is True or value is False:
        return "true" if value else "false"
    return "" if value is None else str(value)


def _whole(given: Any, default: int) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else default
