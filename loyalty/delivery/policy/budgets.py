"""How far money goes: pure arithmetic over prices and what budgets have left."""

from collections.abc import Iterable, Mapping
from decimal import Decimal


def room_of(budgets: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Give what may still be spent by budgets of (amount, spent), the tightest of which counts; None without any."""
    left = [max(amount - spent, Decimal(0)) for amount, spent in budgets]
    return min(left) if left else None


def paid_of(
    counts: Mapping[str, int], *, prices: Mapping[str, Decimal], units: Mapping[str, int], room: Decimal | None
) -> dict[str, int]:
    """Give how many messages of each channel are paid for, the channels in their order; without a bound all of them.

    As where a window is begun: a message goes while the price of one unit is left, and then costs its ``units`` (a text
    message its segments).
    """
    paid = {}
    for channel, count in counts.items():
        price = prices.get(channel, Decimal(0))
        if room is None or price == 0:
            paid[channel] = count
            continue
        cost = price * max(units.get(channel, 1), 1)
        affordable = int((room - price) // cost) + 1 if room >= price else 0
        paid[channel] = min(count, affordable)
        room = max(room - cost * paid[channel], Decimal(0))
    return paid
