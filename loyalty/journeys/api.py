"""Front door of journeys."""

from loyalty.journeys.contracts import (
    ActionCall,
    ActionOutcome,
    ActionRow,
    EntryOutcome,
    ExecutionState,
    FieldSpec,
    Graph,
    JourneyStatus,
    ManyStarted,
    Node,
    NodeKind,
    Problem,
    Severity,
    UnknownName,
)
from loyalty.journeys.errors import (
    AlreadyInside,
    CustomerUnknown,
    DocumentInvalid,
    DraftChanged,
    ExecutionNotFound,
    ExecutionOver,
    GraphInvalid,
    GraphNotPublishable,
    JourneyInUse,
    JourneyNotFound,
    JourneyStateWrong,
    KeyReused,
    ListInvalid,
    ListTooLong,
    NodeNotFound,
    NotAwaited,
    PlanInvalid,
    ReEntryRefused,
    SegmentUnknown,
    VersionNotFound,
)
from loyalty.journeys.operations.advancing import advance
from loyalty.journeys.operations.drafting import change, create, delete, problems_of, restore, save_draft
from loyalty.journeys.operations.exchanging import export_journey, import_journey
from loyalty.journeys.operations.leading_many import lead_many
from loyalty.journeys.operations.life import activate, archive, pause
from loyalty.journeys.operations.listening import get_position_read, is_anything_awaited, listen
from loyalty.journeys.operations.naming_many import (
    FilePeople,
    ListedPeople,
    PeopleSource,
    SegmentPeople,
    read_file,
)
from loyalty.journeys.operations.parts import add_part, change_part, get_part, list_parts, remove_part
from loyalty.journeys.operations.people import get_execution, go_on, let_go, merge_customers, move, start
from loyalty.journeys.operations.publishing import Published, publish, roll_back
from loyalty.journeys.operations.starting_many import start_many
from loyalty.journeys.operations.sweeping import Stuck, ask_rules, list_stuck, sweep, tidy
from loyalty.journeys.operations.trying import Trial, try_journey
from loyalty.journeys.policy.fates import Plan
from loyalty.journeys.policy.interpreter import Happening
from loyalty.journeys.queries.analytics import Asked as AnalyticsAsked
from loyalty.journeys.queries.analytics import analytics_of
from loyalty.journeys.queries.assignments import Arm, find_arm, list_arms
from loyalty.journeys.queries.catalogue import kinds, templates
from loyalty.journeys.queries.comparing import compare_graphs
from loyalty.journeys.queries.journeys import get_journey

__all__ = [
    "ActionCall",
    "ActionOutcome",
    "ActionRow",
    "AlreadyInside",
    "AnalyticsAsked",
    "Arm",
    "CustomerUnknown",
    "DocumentInvalid",
    "DraftChanged",
    "EntryOutcome",
    "ExecutionNotFound",
    "ExecutionOver",
    "ExecutionState",
    "FieldSpec",
    "FilePeople",
    "Graph",
    "GraphInvalid",
    "GraphNotPublishable",
    "Happening",
    "JourneyInUse",
    "JourneyNotFound",
    "JourneyStateWrong",
    "JourneyStatus",
    "KeyReused",
    "ListInvalid",
    "ListTooLong",
    "ListedPeople",
    "ManyStarted",
    "Node",
    "NodeKind",
    "NodeNotFound",
    "NotAwaited",
    "PeopleSource",
    "Plan",
    "PlanInvalid",
    "Problem",
    "Published",
    "ReEntryRefused",
    "SegmentPeople",
    "SegmentUnknown",
    "Severity",
    "Stuck",
    "Trial",
    "UnknownName",
    "VersionNotFound",
    "activate",
    "add_part",
    "advance",
    "analytics_of",
    "archive",
    "ask_rules",
    "change",
    "change_part",
    "compare_graphs",
    "create",
    "delete",
    "export_journey",
    "find_arm",
    "get_execution",
    "get_journey",
    "get_part",
    "get_position_read",
    "go_on",
    "import_journey",
    "is_anything_awaited",
    "kinds",
    "lead_many",
    "let_go",
    "list_arms",
    "list_parts",
    "list_stuck",
    "listen",
    "merge_customers",
    "move",
    "pause",
    "problems_of",
    "publish",
    "read_file",
    "remove_part",
    "restore",
    "roll_back",
    "save_draft",
    "start",
    "start_many",
    "sweep",
    "templates",
    "tidy",
    "try_journey",
]
