"""Which triggers there are, and what each must be able to do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from loyalty.campaigns.errors import TriggerInvalid
from loyalty.foundation.kernel.errors import FieldProblem


class Trigger(Protocol):
    """One kind of trigger."""

    kind: str

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Check a trigger as it was given and give it as it is kept.

        :raises TriggerInvalid: something in it cannot be used.
        """
        ...

    def variables(self, trigger: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the names that a template may use besides those of the customer and the program."""
        ...

    def first_due(self, trigger: Mapping[str, Any], after: datetime, *, program_zone: str) -> datetime | None:
        """Give the first instant after ``after`` at which time itself sets the campaign off, or None.

        ``program_zone`` is the zone of the campaign's program, UTC without one.
        """
        ...


class _Registry:
    triggers: dict[str, Trigger] = {}  # noqa: RUF012 - one registry for the process


def register(trigger: Trigger) -> None:
    """Add a kind."""
    _Registry.triggers[trigger.kind] = trigger


def kinds() -> list[str]:
    """Give the kinds, in order."""
    return sorted(_Registry.triggers)


def get(kind: object) -> Trigger:
    """Give the kind of a name.

    :raises TriggerInvalid: there is none.
    """
    found = _Registry.triggers.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise refuse("kind", "campaign.trigger_kind_unknown", f"A trigger is one of {', '.join(kinds())}.")
    return found


def refuse(place: str, code: str, message: str) -> TriggerInvalid:
    """Make the refusal of one place of a trigger."""
    field = f"trigger.{place}" if place else "trigger"
    return TriggerInvalid(message, problems=[FieldProblem(field, code, message)])


def only(raw: Mapping[str, Any], *names: str) -> None:
    """Refuse a field that the kind does not know.

    :raises TriggerInvalid: names it.
    """
    for name in raw:
        if name not in ("kind", *names):
            raise refuse(str(name)[:60], "unknown_field", "This field is not known here.")
