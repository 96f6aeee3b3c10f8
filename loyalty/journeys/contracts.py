"""What crosses the border of journeys: the graph, what is wrong with one, states, where people stand."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from loyalty.foundation.work.contracts import RunView


class NodeKind(StrEnum):
    """What a node does with whoever reaches it."""

    START = "start"
    ACTION = "action"
    CONDITION = "condition"
    WAIT = "wait"
    SPLIT = "split"
    END = "end"


class TriggerKind(StrEnum):
    """What leads a customer into a journey."""

    SEGMENT = "segment"
    EVENT = "event"
    SCHEDULE = "schedule"
    API = "api"


class SegmentEdge(StrEnum):
    """Which crossing of a segment's border leads in."""

    ENTERED = "entered"
    LEFT = "left"


class WaitMode(StrEnum):
    """What ends a wait."""

    DURATION = "duration"
    UNTIL = "until"
    LOCAL_TIME = "local_time"
    EVENT = "event"


class SplitMode(StrEnum):
    """How a split chooses.

    ``random``: by lot, the same customer the same branch for the same salt and weights. ``sticky``: the branch that was
    drawn first is kept for the journey, over its versions. ``experiment``: it is kept for the experiment that the salt
    names, over all journeys.
    """

    RANDOM = "random"
    STICKY = "sticky"
    EXPERIMENT = "experiment"


class ReEntry(StrEnum):
    """Whether a customer who was in a journey may come in again."""

    NEVER = "never"
    AFTER_EXIT = "after_exit"
    EACH_OCCURRENCE = "each_occurrence"
    COOL_DOWN = "cool_down"


class Concurrency(StrEnum):
    """How often a customer may be inside at once."""

    ONE = "one"
    ONE_PER_KEY = "one_per_key"


class JourneyStatus(StrEnum):
    """The life of a journey: a draft was never published; an archived one takes nobody in and nobody further."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ARCHIVED = "ARCHIVED"


class ExecutionState(StrEnum):
    """Where one customer in one journey stands. The last five are final.

    EXITED: left by an exit rule, a goal, a publication or an operator; CANCELLED: the customer is gone; EXPIRED: the
    longest time in the journey was over.
    """

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXITED = "EXITED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


OPEN_STATES = frozenset({ExecutionState.NOT_STARTED, ExecutionState.IN_PROGRESS, ExecutionState.WAITING})


class Fate(StrEnum):
    """What a publication does with somebody inside."""

    STAY = "stay"
    MOVE = "move"
    EXIT = "exit"


class EntryOutcome(StrEnum):
    """What becomes of somebody who is to come in with others; all but the first leave a person outside."""

    ENTERED = "entered"
    HELD_OUT = "held_out"
    HELD_OUT_BEFORE = "held_out_before"
    ALREADY_INSIDE = "already_inside"
    RE_ENTRY_REFUSED = "re_entry_refused"
    RE_ENTRY_TOO_SOON = "re_entry_too_soon"
    CUSTOMER_CLOSED = "customer_closed"
    CUSTOMER_UNKNOWN = "customer_unknown"
    NAMED_TWICE = "named_twice"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that leads to no customer, and its line in the list, counted from 1."""

    line: int
    value: str


@dataclass(frozen=True, slots=True)
class ManyStarted:
    """What became of people who were to be led in at once; ``run`` does it where they are many.

    ``outcomes`` counts those who are done by what became of them; with those still to come they are ``named``.
    """

    is_dry_run: bool
    is_complete: bool
    named: int
    outcomes: Mapping[EntryOutcome, int]
    unknown: tuple[UnknownName, ...]
    run: RunView | None


class Severity(StrEnum):
    """An error keeps a journey from being published, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


# The branches that nodes have by themselves; a split has the codes of its own.
NEXT = "next"
SUCCESS, FAILURE, SKIP = "success", "failure", "skip"
YES, NO, UNKNOWN = "yes", "no", "unknown"
TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Branch:
    """One way out of a node; one that is not required has a lawful meaning when no edge leaves there."""

    code: str
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """One step. ``config`` is what its kind asks for; ``x`` and ``y`` are where it stands on the canvas."""

    id: str
    kind: NodeKind
    name: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """From one branch of a node to the next node."""

    id: str
    source: str
    target: str
    branch: str = NEXT


@dataclass(frozen=True, slots=True)
class EventMatch:
    """The events of one type for which a rule over their data is true; no rule is true for all."""

    event_type: str
    filter: Any = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What a journey is for: an event, or a rule over the customer that comes true."""

    event: EventMatch | None = None
    rule: Any = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a journey as a whole.

    ``re_entry`` is None until somebody chose it, which publishing demands. ``key_path`` is the dotted path, in the
    event or context that lead in, of the key by which a customer may be inside several times; the key is ``""`` where
    one is all. ``holdout_percent`` of those who would come in are recorded and left alone.
    """

    re_entry: ReEntry | None = None
    cool_down_days: int | None = None
    concurrency: Concurrency = Concurrency.ONE
    key_path: str | None = None
    exit_rule: Any = None
    exit_events: tuple[EventMatch, ...] = ()
    goal: Goal | None = None
    goal_exits: bool = False
    max_duration_days: int | None = None
    holdout_percent: float = 0.0
    leave_on_segment_exit: bool = False


class NoteColor(StrEnum):
    """The paper of a note."""

    YELLOW = "yellow"
    GREEN = "green"
    BLUE = "blue"
    PINK = "pink"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Note:
    """A note on the canvas, for whoever works on the journey: nobody walks over it, and it is never wrong."""

    id: str
    text: str
    color: NoteColor
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Graph:
    """A journey as drawn; the same in a draft, a version, an export and the console."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    settings: Settings = field(default_factory=Settings)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a graph, and what to do about it.

    ``field`` is a dotted path inside the node's config or the settings; ``node_id`` and ``edge_id`` are empty where the
    graph as a whole is meant.
    """

    code: str
    message: str
    repair: str
    severity: Severity = Severity.ERROR
    node_id: str = ""
    edge_id: str = ""
    field: str = ""


# How often one execution may come to the same node; a loop that turns more often ends the execution as FAILED.
VISITS_MAX = 100
LOOP_BOUND_CODE = "journeys.loop_bound"


class FieldKind(StrEnum):
    """What stands in a field of a config, and so which editor shows it."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    OBJECT = "object"
    LIST = "list"
    RULE = "rule"
    FILTER = "filter"
    EVENT_TYPE = "event_type"
    FIELD = "field"
    SEGMENT = "segment"
    CAMPAIGN = "campaign"
    PROGRAM = "program"
    JOURNEY = "journey"
    TEMPLATE = "template"
    VARIABLES = "variables"
    ADDRESS = "address"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a config: what a panel shows, and what validation asks of it before its kind looks closer.

    ``minimum`` and ``maximum`` bound a number, or the length of a text or list.
    """

    name: str
    type: FieldKind
    title: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    description: str = ""
    default: Any = None


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What all customers at one action of one version have in common."""

    journey_id: uuid.UUID
    journey_name: str
    version: int
    node_id: str
    config: Mapping[str, Any]
    program_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One customer at an action.

    ``customer`` is the internal id, ``customer_id`` the public one. ``key`` is the name of the effect for ever,
    ``journey:<execution>:<node>:<visit>``: performing it again gives the first outcome and does nothing. ``context`` is
    the execution's, ``visit`` counts from 1.
    """

    execution_id: uuid.UUID
    customer: int
    customer_id: uuid.UUID
    key: str
    context: Mapping[str, Any] = field(default_factory=dict)
    visit: int = 1


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """What an action came to for one customer.

    ``branch`` is ``success``, ``failure`` or ``skip``; ``result`` goes into the context as ``action_result_<node>``,
    ``reasons`` say in words what happened. A failure that ``may_pass`` is tried again as the node's config says.
    """

    branch: str
    result: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    may_pass: bool = False
