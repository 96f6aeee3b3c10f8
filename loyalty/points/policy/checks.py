"""What is taken at all: instants, amounts, currencies, open programs; and which tier counts."""

from datetime import datetime, timedelta
from decimal import Decimal

from loyalty.foundation.kernel.money import AMOUNT_MAX
from loyalty.points.contracts import MemberFacts
from loyalty.points.errors import (
    AmountInvalid,
    CurrencyMismatch,
    OccurredAtRefused,
    WalletNotRedeemable,
    WalletUnknown,
)
from loyalty.programs.api import ProgramNotActive, ProgramPlan, TierPlan, WalletKind, choose_tier, is_open

# Clocks of tills run a little fast.
AHEAD_MAX = timedelta(minutes=5)
# A till that was offline for a season still counts; what is older is a matter for an adjustment.
BEHIND_MAX = timedelta(days=90)
NO_AMOUNT = Decimal(0)


def check_occurred_at(occurred_at: datetime, now: datetime) -> None:
    """Refuse instants that lie ahead of the clock or too far behind it.

    :raises OccurredAtRefused: they do.
    """
    if occurred_at > now + AHEAD_MAX:
        raise OccurredAtRefused("This has not happened yet.")
    if occurred_at < now - BEHIND_MAX:
        raise OccurredAtRefused(f"This happened more than {BEHIND_MAX.days} days ago.")


def check_open(plan: ProgramPlan, at: datetime) -> None:
    """Refuse when members do not earn or spend at that instant.

    :raises ProgramNotActive: the program is not active, or the day lies outside of its dates.
    """
    if not is_open(plan, at):
        raise ProgramNotActive(f"The program {plan.code} is not active on that day.", program_status=plan.status.value)


def check_currency(plan: ProgramPlan, currency: str) -> None:
    """Refuse another currency than the program's; none given means the program's.

    :raises CurrencyMismatch: it is another one.
    """
    if currency and currency != plan.currency:
        raise CurrencyMismatch(f"The program counts in {plan.currency}.", currency=plan.currency)


def check_amount(amount: Decimal) -> None:
    """Refuse what is no price.

    :raises AmountInvalid: zero, negative, not finite or out of range.
    """
    if not amount.is_finite() or not 0 < amount <= AMOUNT_MAX:
        raise AmountInvalid("The amount of a purchase is a positive number.")


def check_wallet(plan: ProgramPlan, wallet: str) -> None:
    """Refuse a wallet that the program does not have.

    :raises WalletUnknown: it does not.
    """
    if all(one.code != wallet for one in plan.wallets):
        raise WalletUnknown(f"The program {plan.code} has no wallet {wallet[:50]}.", wallet=wallet[:50])


def check_redeemable(plan: ProgramPlan, wallet: str) -> None:
    """Refuse to spend points, or to set them aside for it, that only count for tiers.

    :raises WalletNotRedeemable: the wallet is a status wallet.
    """
    if any(one.code == wallet and one.kind is WalletKind.STATUS for one in plan.wallets):
        raise WalletNotRedeemable(f"Points of the wallet {wallet[:50]} count for tiers only.", wallet=wallet[:50])


def tier_of(plan: ProgramPlan, member: MemberFacts) -> TierPlan | None:
    """Give the member's tier as this version defines it; a code it does not know falls back to lifetime points."""
    known = plan.tiers_by_code.get(member.tier_code or "")
    return known or (choose_tier(plan.tiers, member.points_lifetime) if member.tier_code else None)
