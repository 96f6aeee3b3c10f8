"""Set off when a measure crosses a bound; it fires at the crossing and not again until it has fallen back.

With ``reset`` it must fall back as far as that before it fires again, so that a measure that trembles around the
bound sets nothing off. Most measures are of a set and looked at every few seconds; ``points_balance`` is of each
member, and a posting to a balance is what crosses it (``balances.py``).
"""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.campaigns.kinds.registry import only, refuse

BALANCE = "points_balance"
MEASURES_OF_CUSTOMER = (BALANCE,)
# Each with its statement, which gives ``measured``; the segments' own count is read by their front door.
MEASURE_SQL: dict[str, str] = {
    "program_members": (
        "SELECT count(*) AS measured FROM programs_membership WHERE program_public_id = %(program)s AND left_at IS NULL"
    ),
    "enrolled_last_day": (
        "SELECT count(*) AS measured FROM programs_membership WHERE program_public_id = %(program)s "
        "AND enrolled_at > %(now)s::timestamptz - interval '1 day'"
    ),
    "points_outstanding": (
        "SELECT (coalesce(sum(la.points_available), 0) - (SELECT coalesce(sum(o.points), 0) "
        "FROM ledger_points_overdue(%(now)s) o WHERE o.program_ref = %(program)s AND o.kind = 'member' "
        "AND o.wallet = 'main'))::bigint AS measured FROM programs_membership pm "
        "JOIN ledger_account_summary la ON la.account_id = pm.account_id WHERE pm.program_public_id = %(program)s"
    ),
}
SEGMENT_SIZE = "segment_size"
MEASURES = (SEGMENT_SIZE, *MEASURE_SQL, *MEASURES_OF_CUSTOMER)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
UPWARDS = (">", ">=")
VALUE_MAX = Decimal("1e15")


class ThresholdTrigger:
    """``{kind, measure, operator, value, reset?}``."""

    kind = "threshold"

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Check the measure, the operator, the value and how far it must fall back."""
        only(raw, "measure", "operator", "value", "reset")
        if raw.get("measure") not in MEASURES:
            raise refuse("measure", "campaign.measure_unknown", f"A measure is one of {', '.join(MEASURES)}.")
        if raw.get("operator") not in tuple(OPERATORS):
            raise refuse("operator", "campaign.operator_unknown", f"An operator is one of {' '.join(OPERATORS)}.")
        value = _number("value", raw.get("value"))
        kept = {"kind": self.kind, "measure": raw["measure"], "operator": raw["operator"], "value": value}
        if raw.get("reset") is None:
            return kept
        reset = _number("reset", raw["reset"])
        if (reset > value) if raw["operator"] in UPWARDS else (reset < value):
            raise refuse(
                "reset", "campaign.reset_beyond", "It falls back to the near side of the value, not beyond it."
            )
        return {**kept, "reset": reset}

    def variables(self, trigger: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the measure; a member's balance is among the program's values already."""
        return () if trigger["measure"] in MEASURES_OF_CUSTOMER else (trigger["measure"],)

    def first_due(self, trigger: Mapping[str, Any], after: datetime, *, program_zone: str) -> datetime | None:
        """Time alone never sets it off."""
        return None


def _number(place: str, value: object) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise refuse(place, f"campaign.{place}_invalid", f"The {place} is a number.")
    try:
        number = Decimal(value)
    except InvalidOperation as fault:
        raise refuse(place, f"campaign.{place}_invalid", f"The {place} is a number.") from fault
    if not number.is_finite() or abs(number) > VALUE_MAX:
        raise refuse(place, f"campaign.{place}_invalid", f"The {place} is out of range.")
    return int(number) if number == number.to_integral_value() else number


def is_met(trigger: Mapping[str, Any], measured: int, *, was_met: bool = False) -> bool:
    """Tell whether a measurement is on the far side of the bound, or has been and has not fallen back far enough."""
    if OPERATORS[trigger["operator"]](measured, trigger["value"]):
        return True
    reset = trigger.get("reset")
    if not was_met or reset is None:
        return False
    return bool(measured > reset if trigger["operator"] in UPWARDS else measured < reset)


def turn(trigger: Mapping[str, Any], before: int | None, after: int, *, was_met: bool | None) -> tuple[bool, bool]:
    """Tell whether a measure was on the far side before a change, and whether it is after it.

    ``was_met`` is what was last known, None where nothing was. What was not seen meanwhile (the campaign was paused)
    is told by ``before``; where neither says anything, what is has been.
    """
    if before is not None:
        was = is_met(trigger, before, was_met=bool(was_met))
    else:
        was = is_met(trigger, after) if was_met is None else was_met
    return was, is_met(trigger, after, was_met=was)
