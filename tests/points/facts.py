"""Plans, members and purchases for tests of the pure decisions of points."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from loyalty.points.contracts import EarnFacts, MemberFacts
from loyalty.programs.api import ProgramPlan, TierPlan
from loyalty.programs.contracts import CapPlan, EarnRulePlan
from tests.programs.plans import plan as bare_plan

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
A_TENTH: Any = {"*": [{"var": "transaction_amount"}, Decimal("0.1")]}


def tier(code: str, min_points: int, multiplier: str) -> TierPlan:
    """Make a tier of a version."""
    return TierPlan(UUID(int=min_points), code, code.title(), min_points, Decimal(multiplier), (), 1, "")


def rule(code: str, gives: Any, **more: Any) -> EarnRulePlan:
    """Make a rule."""
    return EarnRulePlan(code=code, name=code.title(), rule=gives, **more)


def cap(code: str, limit: str, **more: Any) -> CapPlan:
    """Make a cap."""
    return CapPlan(code=code, limit=Decimal(limit), **more)


def plan(*, gives: Any = A_TENTH, **changes: Any) -> ProgramPlan:
    """Make a plan that gives a tenth of the amount."""
    tiers = (tier("BRONZE", 0, "1"), tier("GOLD", 500, "1.5"))
    whole = {"earn_rules": (rule("base", gives),), "tiers": tiers, **changes}
    return bare_plan(**whole)


def member(**changes: Any) -> MemberFacts:
    """Make a member."""
    whole: dict[str, Any] = {
        "account_id": UUID(int=1), "customer_id": UUID(int=2), "customer_ref": "C", "program_id": UUID(int=3),
        "tier_code": "BRONZE", "points_available": 0, "points_posted": 0, "points_lifetime": 0, "status": "ACTIVE",
        "enrolled_at": NOON,
    }  # fmt: skip
    return MemberFacts(**{**whole, **changes})


def facts(
    amount: str,
    *,
    of: MemberFacts | None = None,
    under: ProgramPlan | None = None,
    at: datetime = NOON,
    event_type: str = "customer.purchase",
    **context: Any,
) -> EarnFacts:
    """Make the facts of a purchase."""
    return EarnFacts(
        plan=under or plan(), member=of or member(), amount=Decimal(amount), currency="EUR", context=context,
        occurred_at=at, event_type=event_type,
    )  # fmt: skip
