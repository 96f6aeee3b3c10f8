"""Reads of what messages cost, and how far the budgets go."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q

from loyalty.delivery.contracts import BudgetScope
from loyalty.delivery.kinds import lint, registry
from loyalty.delivery.kinds.costs import COSTS, cost_of
from loyalty.delivery.models import ContactPolicy, MessageBudget
from loyalty.delivery.policy.budgets import paid_of, room_of
from loyalty.delivery.policy.variables import PREFERENCES
from loyalty.delivery.queries.templating import parts_of_reference
from loyalty.foundation.configuration import api as configuration

# What a value of unknown length is taken for: a name.
VALUE_LENGTH = 10


def cost_per_message(channels: Sequence[str]) -> dict[str, Decimal]:
    """Give what one message costs on each channel, in the currency of ``cost_currency``; 0 where nothing is set."""
    section = configuration.read(COSTS.code)
    return {code: cost_of(section[code]) or Decimal(0) for code in channels}


def cost_currency() -> str:
    """Give the currency of all costs and budgets."""
    return str(configuration.read(COSTS.code)["currency"])


def month_of(now: datetime) -> date:
    """Give the first day of the calendar month whose budget pays now, by the zone of the contact policy."""
    zone = ContactPolicy.objects.values_list("time_zone", flat=True).first() or "UTC"
    return now.astimezone(ZoneInfo(zone)).date().replace(day=1)


def spent_of(budget: MessageBudget, month: date) -> Decimal:
    """Give what is spent of a budget in a month; what was spent of a month's in another one is over."""
    return Decimal(0) if budget.scope == BudgetScope.MONTH and budget.month != month else budget.spent


def left_of(budget: MessageBudget, now: datetime) -> Decimal:
    """Give what may still be spent of a budget now."""
    return max(budget.amount - spent_of(budget, month_of(now)), Decimal(0))


def count_paid(
    counts: Mapping[str, int],
    *,
    units: Mapping[str, int],
    source_ref: uuid.UUID | None,
    program_ref: uuid.UUID | None,
    source_amount: Decimal | None,
    now: datetime,
) -> dict[str, int]:
    """Count of so many messages by channel those that the budgets of month, program and source pay for now.

    ``source_amount`` is the budget that the source's own definition says, which counts from its next message on. What
    is queued and not begun yet has taken nothing of a budget.
    """
    prices = cost_per_message(list(counts))
    if not any(prices.values()):
        return dict(counts)
    month = month_of(now)
    wanted = Q(scope=BudgetScope.MONTH) | Q(scope=BudgetScope.PROGRAM, ref=program_ref)
    found = list(MessageBudget.objects.filter(wanted | Q(scope=BudgetScope.SOURCE, ref=source_ref)))
    budgets = [(one.amount, spent_of(one, month)) for one in found if one.scope != BudgetScope.SOURCE]
    own = next((one for one in found if one.scope == BudgetScope.SOURCE), None)
    if source_amount is not None or own is not None:
        amount = source_amount if source_amount is not None else own.amount if own else Decimal(0)
        budgets.append((amount, own.spent if own else Decimal(0)))
    return paid_of(counts, prices=prices, units=units, room=room_of(budgets))


def count_units(channel: str, content: Mapping[str, str]) -> int:
    """Count what a provider charges for one message of a content: a text message its segments, every other one.

    Each value counts as ten letters, and of a template the dearest language counts, so this is near and not exact;
    what a send really cost is on its row.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    :raises TemplateNotFound: it names a template that cannot be used.
    """
    kind = registry.get(channel)
    units = 1
    for parts in parts_of_reference(content):
        values = dict.fromkeys((*kind.variables_of(parts), PREFERENCES), "x" * VALUE_LENGTH)
        rendered = kind.render(parts, values, send_id=None, is_marketing=True)
        units = max(units, int(lint.look_at(channel, parts, rendered).figures.get("segments", 1)))
    return units
