"""Trying a journey: one real customer, a clock that runs as fast as it likes, and nothing is sent, booked or kept."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from loyalty.features import api as features
from loyalty.foundation.kernel.exact_json import ExactDecoder
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.foundation.web.masking import MASK, mentions_personal
from loyalty.journeys.contracts import FAILURE, ActionCall, ActionRow, ExecutionState, Graph, Node, NodeKind
from loyalty.journeys.errors import CustomerUnknown, VersionNotFound
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Journey, Version
from loyalty.journeys.policy.graph import Wiring, parse
from loyalty.journeys.policy.interpreter import Acted, Happening, Walk
from loyalty.journeys.policy.naming import effect_key
from loyalty.journeys.policy.reasons import Reason, say
from loyalty.journeys.policy.validation import scope_of, unfit_fields
from loyalty.journeys.queries import assignments
from loyalty.journeys.queries.journeys import get_journey
from loyalty.journeys.queries.world import world
from loyalty.segments import api as segments

# So far ahead a trial looks; whoever waits longer is told as waiting.
HORIZON = timedelta(days=1_830)
EVENTS_MAX = 200
ASSUMED = Reason("assumed")
# The parts of an effect that say something about the customer.
TELLING = frozenset({"subject", "html", "text", "title", "body", "data"})

CUSTOMER = """
    SELECT customer_id, public_id, time_zone FROM customers_directory WHERE public_id = %s
"""
PAST = """
    SELECT e.event_id, e.occurred_at, e.data FROM events_store e
    WHERE e.lookup = hashtextextended(%(key)s || ' ' || %(type)s::text, 0) AND e.key = %(key)s AND e.type = %(type)s
        AND e.occurred_at >= %(since)s AND e.occurred_at <= %(until)s
    ORDER BY e.occurred_at
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What to try: on whom, from when, with which events told on the way, and which branches are taken for granted."""

    customer_id: uuid.UUID
    starts_at: datetime
    context: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[Happening] = ()
    assume: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveHistory:
    """Answers for one customer out of the real books (``rules.History``)."""

    history: features.CustomerHistory
    customer_id: uuid.UUID

    @property
    def customer_key(self) -> str:
        """The public id as text."""
        return self.history.customer_key

    def count(self, question: rules.EventQuestion, window: rules.Window) -> int:
        """How many events there are."""
        return self.history.count(question, window)

    def last(self, question: rules.EventQuestion, window: rules.Window) -> datetime | None:
        """When the last event was."""
        return self.history.last(question, window)

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> Decimal | int | None:
        """What a number of the events comes to."""
        return self.history.aggregate(how, question, window)

    def is_member(self, segment_id: str) -> bool:
        """Whether the customer is in the segment."""
        return segments.is_member(uuid.UUID(segment_id), self.customer_id)


@dataclass(slots=True)
class LivePerson:
    """A real customer for the interpreter: what is known now, at whatever instant the trial stands."""

    internal_id: int
    public_id: uuid.UUID
    time_zone: str
    journey: Journey
    trial: Trial
    now: datetime
    execution_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def customer_id(self) -> str:
        """The public id as text."""
        return str(self.public_id)

    @property
    def journey_id(self) -> str:
        """The public id of the journey as text."""
        return str(self.journey.public_id)

    def arm(self, kept_as: str) -> str | None:
        """Give the arm that is kept for the customer; a trial draws, but keeps nothing."""
        return assignments.find_arm(kept_as, self.internal_id)

    def features(self, names: frozenset[str], at: datetime) -> Mapping[str, Any]:
        """Give the features as they are now; how they will be nobody knows."""
        return features.get_feature_set(self.public_id, now=self.now, fields=names).values

    def history(self, at: datetime) -> rules.History | None:
        """Give who answers for events and segments."""
        return LiveHistory(features.CustomerHistory(self.customer_id), self.public_id)

    def act(self, node: Node, context: Mapping[str, Any], visit: int, at: datetime) -> Acted:
        """Ask the action what would happen."""
        kind = node.config.get("action_type")
        action = protocol.find(kind)
        if action is None or action.unavailable_reason:
            reason = action.unavailable_reason if action is not None else Reason("action_gone", kind=kind)
            return Acted(FAILURE, {}, (reason,), shown={"words": reason})
        call = ActionCall(self.journey.public_id, self.journey.name, 0, node.id, node.config, self.journey.program_ref)
        key = effect_key(self.execution_id, node.id, visit)
        effect = action.preview(
            call, ActionRow(self.execution_id, self.internal_id, self.public_id, key, context, visit), now=self.now
        )
        return Acted(
            branch=effect.branch,
            result=effect.result or {},
            reasons=(effect.words,),
            shown={"words": effect.words, **effect.shown},
            warnings=effect.warnings,
        )

    def happened(self, event_type: str, since: datetime, until: datetime) -> Sequence[Happening]:
        """Give what really happened, and what the trial tells, up to an instant."""
        params = {"key": self.customer_id, "type": event_type, "since": since, "until": until}
        real = [
            Happening(row["occurred_at"], event_type, _read(row["data"]), str(row["event_id"]))
            for row in sql.fetch_all(PAST, params)
        ]
        told = [one for one in self.trial.events if one.event_type == event_type and since <= one.at <= until]
        return sorted([*real, *told], key=lambda one: one.at)


def _read(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else ExactDecoder().decode(data)


class AssumingWalk(Walk):
    """A walk in which some branches are taken for granted, and which ends where a draft cannot be walked yet."""

    assume: Mapping[str, str] = {}  # noqa: RUF012 - set once, for one trial
    unfit: Mapping[str, str] = {}  # noqa: RUF012 - set once, for one trial

    def _step(self, at: datetime) -> None:
        branch = self.assume.get(self.node_id)
        if branch is None and self.node_id in self.unfit:
            reason = Reason("step_unfit", field=self.unfit[self.node_id])
            self._end(ExecutionState.FAILED, at, branch=FAILURE, reason=reason)
        elif branch is None:
            super()._step(at)
        elif self._stays(at):
            self._leave(self.wiring.nodes[self.node_id], branch, at, reasons=(ASSUMED,))


def try_journey(
    *,
    journey_id: uuid.UUID,
    graph: Any = None,
    version: int | None = None,
    trial: Trial,
    now: datetime,
    is_revealed: bool = True,
    language: str = "en",
) -> dict[str, Any]:
    """Lead one customer through a graph, a version or else the draft, without doing anything; give the way.

    Reasons are said in ``language`` (``en`` or ``ar``).
    Unless it ``is_revealed``, what a message would say and the values of personal fields are masked.

    :raises GraphInvalid: the graph has another shape.
    :raises JourneyNotFound, VersionNotFound, CustomerUnknown: there is no such thing.
    """
    journey = get_journey(journey_id)
    if graph is None:
        graph = journey.draft if version is None else _graph_of(journey, version)
    read = parse(graph)
    with transaction.atomic():
        walk = _walk(read, journey, trial, now, language)
        told = _told(walk, read, trial, is_revealed=is_revealed, language=language)
        # Whatever a kind may have written to find out, nothing of it stays.
        transaction.set_rollback(True)
    return told


def _graph_of(journey: Journey, number: int) -> Any:
    found = Version.objects.filter(journey=journey, number=number).first()
    if found is None:
        raise VersionNotFound(f"There is no version {number}.")
    return found.graph


def _walk(graph: Graph, journey: Journey, trial: Trial, now: datetime, language: str) -> Walk:
    row = sql.fetch_one(CUSTOMER, [trial.customer_id])
    if row is None:
        raise CustomerUnknown("There is no such customer.")
    known = world(language)
    person = LivePerson(row["customer_id"], row["public_id"], row["time_zone"] or "UTC", journey, trial, now)
    walk = AssumingWalk(graph, scope_of(Wiring(graph), known), person, language=language)
    walk.assume, walk.unfit = trial.assume, unfit_fields(graph, known)
    names = {"customer_id": str(trial.customer_id), "journey_id": str(journey.public_id)}
    walk.begin(at=trial.starts_at, context={**trial.context, **names})
    walk.run(trial.events, until=trial.starts_at + HORIZON)
    return walk


def _told(walk: Walk, graph: Graph, trial: Trial, *, is_revealed: bool, language: str) -> dict[str, Any]:
    nodes = {one.id: one for one in graph.nodes}
    path = [
        {
            "node_id": one.node_id,
            "node_name": nodes[one.node_id].name,
            "kind": nodes[one.node_id].kind.value,
            "entered_at": one.entered_at,
            "left_at": one.left_at,
            "branch": one.branch or None,
            "reasons": [
                say(reason, language)
                for reason in (one.reasons if is_revealed else _covered_reasons(nodes[one.node_id], one.reasons))
            ],
            "effect": _said(one.shown if is_revealed else _covered(one.shown), language),
            "warnings": [
                say(warning, language)
                for warning in (*one.warnings, *_warnings(nodes[one.node_id], one.entered_at, trial))
            ],
        }
        for one in walk.path
    ]
    return {
        "sends_nothing": True,
        "state": walk.state.value,
        "outcome": walk.outcome,
        "reason": say(walk.reason, language),
        "goal_at": walk.goal_at,
        "starts_at": trial.starts_at,
        "ends_at": walk.ended_at,
        "waits_until": walk.next_at(),
        "path": path,
    }


def _said(effect: Any, language: str) -> Any:
    """Say what an effect tells of itself in words."""
    if not isinstance(effect, Mapping) or "words" not in effect:
        return effect
    return {**effect, "words": say(effect["words"], language)}


def _covered(effect: Any) -> Any:
    """Mask what a rendered message, or data for another system, says of the customer."""
    if not isinstance(effect, Mapping):
        return effect
    return {name: MASK if name in TELLING and inner else inner for name, inner in effect.items()}


def _covered_reasons(node: Node, reasons: Sequence[str]) -> list[str]:
    return [MASK] if reasons and mentions_personal(dict(node.config)) else list(reasons)


def _warnings(node: Node, at: datetime, trial: Trial) -> list[str]:
    """Say where a trial cannot know what will be."""
    if node.kind == NodeKind.CONDITION and at > trial.starts_at and node.id not in trial.assume:
        return [Reason("features_as_now")]
    return []
