"""A person for the interpreter, known by what a test says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import Node
from loyalty.journeys.policy.interpreter import Acted, Happening

Act = Callable[[Node, int], Acted]


@dataclass
class Told:
    """Features as they are now, events that have happened, and what each action comes to."""

    known: dict[str, Any] = field(default_factory=dict)
    past: list[Happening] = field(default_factory=list)
    acts: Act = lambda node, visit: Acted("success", {"ok": True}, ("done",))  # noqa: E731
    customer_id: str = "01900000-0000-7000-8000-00000000c001"
    time_zone: str = "UTC"
    journey_id: str = "01900000-0000-7000-8000-00000000f001"
    arms: dict[str, str] = field(default_factory=dict)
    done: list[tuple[str, int, datetime]] = field(default_factory=list)

    def arm(self, kept_as: str) -> str | None:
        """Give what was drawn before."""
        return self.arms.get(kept_as)

    def features(self, names: frozenset[str], at: datetime) -> Mapping[str, Any]:
        """Give what is known."""
        return {name: self.known[name] for name in names if name in self.known}

    def history(self, at: datetime) -> rules.History | None:
        """Nobody answers."""
        return None

    def act(self, node: Node, context: Mapping[str, Any], visit: int, at: datetime) -> Acted:
        """Remember it, and come to what the test says."""
        self.done.append((node.id, visit, at))
        return self.acts(node, visit)

    def happened(self, event_type: str, since: datetime, until: datetime) -> Sequence[Happening]:
        """Give what happened."""
        return [one for one in self.past if one.event_type == event_type and since <= one.at <= until]
