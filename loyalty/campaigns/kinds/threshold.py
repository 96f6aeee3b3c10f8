"""Set off when a measure crosses a bound; it fires at the crossing and not again until it has fallen back."""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.campaigns.kinds.registry import only, refuse

MEASURES = ("segment_size", "program_members")
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
VALUE_MAX = Decimal("1e15")


class ThresholdTrigger:
    """``{kind, measure, operator, value}``."""

    kind = "threshold"

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Check the measure, the operator and the value."""
        only(raw, "measure", "operator", "value")
        if raw.get("measure") not in MEASURES:
            raise refuse("measure", "campaign.measure_unknown", f"A measure is one of {', '.join(MEASURES)}.")
        if raw.get("operator") not in OPERATORS:
            raise refuse("operator", "campaign.operator_unknown", f"An operator is one of {' '.join(OPERATORS)}.")
        value = raw.get("value")
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise refuse("value", "campaign.value_invalid", "The value is a number.")
        try:
            number = Decimal(value)
        except InvalidOperation as fault:
            raise refuse("value", "campaign.value_invalid", "The value is a number.") from fault
        if not number.is_finite() or abs(number) > VALUE_MAX:
            raise refuse("value", "campaign.value_invalid", "The value is out of range.")
        exact: int | Decimal = int(number) if number == number.to_integral_value() else number
        return {"kind": self.kind, "measure": raw["measure"], "operator": raw["operator"], "value": exact}

    def variables(self, trigger: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the measure."""
        return (trigger["measure"],)

    def first_due(self, trigger: Mapping[str, Any], after: datetime) -> datetime | None:
        """Time alone never sets it off."""
        return None


def is_met(trigger: Mapping[str, Any], measured: int) -> bool:
    """Tell whether a measurement is on the far side of the bound."""
    return OPERATORS[trigger["operator"]](measured, trigger["value"])
