"""The base of an earn: what of a purchase counts after tax, fees, points paid and what is excluded; line by line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.money import parse_amount
from loyalty.points.contracts import Purchase, PurchaseLine
from loyalty.points.errors import PurchaseRefused
from loyalty.points.policy.trace import plain
from loyalty.programs.contracts import EarnBasePlan

ZERO = Decimal(0)
# Shares of deductions are kept to a millionth of the currency; the last line takes what is left.
SHARE_STEP = Decimal("0.000001")
LINES_MAX = 200
TEXT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLine:
    """A line and what of it counts; ``reason`` tells why nothing does."""

    line_id: str
    amount: Decimal
    eligible_amount: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What of a purchase counts, how it came about, and why it may be nothing."""

    amount: Decimal
    eligible_amount: Decimal
    deductions: tuple[tuple[str, Decimal], ...] = ()
    lines: tuple[BaseLine, ...] = ()
    reason: str = ""


def read_purchase(amount: Decimal, context: Mapping[str, Any]) -> Purchase:
    """Read what is told about a purchase beside its amount.

    :raises PurchaseRefused: a part is no amount, is negative, or the parts or lines are more than the whole.
    """
    lines = tuple(_lines(context.get("lines")))
    if sum((line.amount for line in lines), ZERO) > amount:
        raise PurchaseRefused("The lines are more than the purchase.", field="lines")
    purchase = Purchase(
        amount=amount,
        tax_amount=_amount(context, "tax_amount"),
        fee_amount=_amount(context, "fee_amount"),
        points_paid_amount=_amount(context, "points_paid_amount"),
        channel=_text(context.get("channel")),
        product_category=_text(context.get("product_category")),
        product_id=_text(context.get("product_id")),
        partner_ref=_text(context.get("partner_ref")),
        lines=lines,
    )
    if purchase.tax_amount + purchase.fee_amount + purchase.points_paid_amount > amount:
        raise PurchaseRefused("Tax, fees and points paid are more than the purchase.", field="tax_amount")
    return purchase


def base_of(plan: EarnBasePlan, purchase: Purchase) -> Base:
    """Decide what of a purchase counts; deductions are shared among all lines by their amounts."""
    named = [
        ("tax", purchase.tax_amount, plan.net_of_tax),
        ("fees", purchase.fee_amount, plan.net_of_fees),
        ("points_paid", purchase.points_paid_amount, plan.net_of_points_paid),
    ]
    deductions = [(code, amount) for code, amount, counts in named if counts and amount]
    reason = exclusion(plan, purchase.channel, purchase.product_category, purchase.product_id)
    if reason:
        return Base(amount=purchase.amount, eligible_amount=ZERO, deductions=(*deductions,), reason=reason)
    taken = sum((amount for _, amount in deductions), ZERO)
    if not purchase.lines:
        return Base(amount=purchase.amount, eligible_amount=purchase.amount - taken, deductions=(*deductions,))
    rest = purchase.amount - sum((line.amount for line in purchase.lines), ZERO)
    shares = shares_of(taken, [*(line.amount for line in purchase.lines), rest])
    lines = tuple(_base_line(plan, line, cut) for line, cut in zip(purchase.lines, shares[:-1], strict=True))
    eligible = sum((line.eligible_amount for line in lines), rest - shares[-1])
    excluded = purchase.amount - taken - eligible
    if excluded:
        deductions.append(("excluded", excluded))
    return Base(
        amount=purchase.amount,
        eligible_amount=eligible,
        deductions=(*deductions,),
        lines=lines,
        reason="" if eligible else "nothing_eligible",
    )


def exclusion(plan: EarnBasePlan, channel: str, category: str, product: str) -> str:
    """Give why something earns nothing at all, or an empty text."""
    if channel and channel in plan.excluded_channels:
        return "channel_excluded"
    if category and category in plan.excluded_categories:
        return "category_excluded"
    if product and product in plan.excluded_products:
        return "product_excluded"
    return ""


def shares_of(total: Decimal, amounts: Sequence[Decimal]) -> list[Decimal]:
    """Share a total by amounts, to a millionth, cutting as the shares add up, so that their sum is the total."""
    whole = sum(amounts, ZERO)
    given, passed, shares = ZERO, ZERO, []
    for amount in amounts:
        passed += amount
        upto = total if passed == whole else (total * passed / whole).quantize(SHARE_STEP, rounding=ROUND_DOWN)
        shares.append(upto - given)
        given = upto
    return shares


def points_by_line(lines: Sequence[BaseLine], points: int) -> list[int]:
    """Share points among lines by what of them counts, rounding down as they add up, so that the sum is exact."""
    whole = sum((line.eligible_amount for line in lines), ZERO)
    given, passed, shares = 0, ZERO, []
    for line in lines:
        passed += line.eligible_amount
        upto = int(points * passed / whole) if whole and passed != whole else (points if whole else 0)
        shares.append(upto - given)
        given = upto
    return shares


def base_trace(base: Base, points: int) -> dict[str, Any]:
    """Tell the base as JSON."""
    return {
        "amount": plain(base.amount),
        "deductions": [{"code": code, "amount": plain(amount)} for code, amount in base.deductions],
        "eligible_amount": plain(base.eligible_amount),
        "lines": [
            {
                "line_id": line.line_id,
                "amount": plain(line.amount),
                "eligible_amount": plain(line.eligible_amount),
                "reason": line.reason,
                "points": share_of_points,
            }
            for line, share_of_points in zip(base.lines, points_by_line(base.lines, points), strict=True)
        ],
    }


def _base_line(plan: EarnBasePlan, line: PurchaseLine, cut: Decimal) -> BaseLine:
    reason = exclusion(plan, "", line.product_category, line.product_id)
    net = ZERO if reason else line.amount - cut
    return BaseLine(line_id=line.line_id, amount=line.amount, eligible_amount=net, reason=reason)


def _amount(values: Mapping[str, Any], name: str) -> Decimal:
    value = values.get(name)
    if value is None:
        return ZERO
    try:
        # A JSON fraction of an older sender is, by its shortest text, the number that was written.
        amount = parse_amount(str(value) if isinstance(value, float) else value)
    except Refusal as refusal:
        raise PurchaseRefused(f"{name} is not an amount.", field=name) from refusal
    if amount < 0:
        raise PurchaseRefused(f"{name} is negative.", field=name)
    return amount


def _text(value: object) -> str:
    return str(value)[:TEXT_MAX] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _lines(value: object) -> Iterator[PurchaseLine]:
    if value is None:
        return
    if not isinstance(value, list | tuple) or len(value) > LINES_MAX:
        raise PurchaseRefused(f"lines is a list of at most {LINES_MAX} lines.", field="lines")
    seen: set[str] = set()
    for place, line in enumerate(value):
        if not isinstance(line, Mapping):
            raise PurchaseRefused("A line is an object.", field=f"lines.{place}")
        line_id = _text(line.get("line_id")) or str(place + 1)
        if line_id in seen:
            raise PurchaseRefused("Two lines have the same line_id.", field=f"lines.{place}.line_id")
        seen.add(line_id)
        quantity = line.get("quantity")
        yield PurchaseLine(
            line_id=line_id,
            amount=_amount(line, "amount"),
            product_id=_text(line.get("product_id")),
            product_category=_text(line.get("product_category")),
            quantity=None if quantity is None else _amount(line, "quantity"),
        )
