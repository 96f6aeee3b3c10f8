"""The section ``message-costs`` of the configuration: what the provider of each channel asks for a message."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.kinds.sections import constant
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType
from loyalty.foundation.kernel.currencies import is_currency
from loyalty.foundation.kernel.errors import FieldProblem

COST_MAX = Decimal(1_000)
# As many decimals as a send keeps.
DECIMALS_MAX = 6


def cost_of(text: str) -> Decimal | None:
    """Read a price; None when it is none."""
    try:
        cost = Decimal(text)
    except InvalidOperation:
        return None
    exponent = cost.as_tuple().exponent
    is_price = cost.is_finite() and 0 <= cost <= COST_MAX and isinstance(exponent, int) and exponent >= -DECIMALS_MAX
    return cost if is_price else None


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    message = f"A decimal number from 0 to {COST_MAX}, with at most {DECIMALS_MAX} decimals."
    found = [
        FieldProblem(code.value, "invalid", message) for code in ChannelCode if cost_of(values[code.value]) is None
    ]
    if not is_currency(values["currency"]):
        found.append(FieldProblem("currency", "invalid", "A currency of ISO 4217, such as USD."))
    return found


COSTS = configuration.SectionSpec(
    code="message-costs",
    title="Costs of messages",
    title_in={"ar": "تكاليف الرسائل"},
    description="What one message costs on each channel; a text message, each of its segments. Budgets count by it.",
    fields=(
        Field("currency", FieldType.TEXT, "Currency", constant("USD"), low=3, high=3),
        *(Field(code.value, FieldType.TEXT, f"One message by {code.value}", constant("0")) for code in ChannelCode),
    ),
    validate=_problems,
)
