"""What a kind of action must be able to do, and which there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from loyalty.journeys.contracts import ActionCall, ActionOutcome, ActionRow, FieldSpec, Problem


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action would do for one customer, without doing it: in words, and what would be seen.

    ``branch`` is the one that the customer would leave by as far as that can be told now. ``words`` and ``warnings``
    are texts, best ``policy.reasons.Reason`` so that they are said in the language of whoever looks on.
    """

    words: str
    branch: str
    shown: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    result: Mapping[str, Any] | None = None


class Action(Protocol):
    """One kind of action."""

    kind: str
    title: str
    description: str
    icon: str
    group: str

    @property
    def fields(self) -> Sequence[FieldSpec]:
        """The fields of its config, besides those that every action has."""
        ...

    @property
    def unavailable_reason(self) -> str:
        """Why it cannot be used here; empty when it can."""
        ...

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Give what is wrong with a config beyond its fields, with repairs."""
        ...

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Tell what would happen to one customer; nothing is done, sent or kept."""
        ...

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Do it for many customers at once, inside the caller's transaction; one outcome for each row, in order.

        Every effect happens under its row's ``key``, so that the same row performed again does nothing and gives the
        first outcome. What can be decided is an outcome; an exception means that the whole batch did not happen.
        """
        ...


class _Registry:
    actions: dict[str, Action] = {}  # noqa: RUF012 - one registry for the process


def register(action: Action) -> None:
    """Add a kind of action; the name of its file is its kind."""
    _Registry.actions[action.kind] = action


def forget(kind: str) -> None:
    """Take a kind out again, for tests that add one."""
    _Registry.actions.pop(kind, None)


def find(kind: object) -> Action | None:
    """Find the kind of a name, or None."""
    return _Registry.actions.get(kind) if isinstance(kind, str) else None


def all_kinds() -> dict[str, Action]:
    """Give the kinds of actions, by group and title."""
    return dict(sorted(_Registry.actions.items(), key=lambda one: (one[1].group, one[1].title)))
