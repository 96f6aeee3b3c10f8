"""Documents and plans that tests of decisions start from."""

from datetime import date
from typing import Any
from uuid import UUID

from loyalty.programs import policy
from loyalty.programs.contracts import Enrollment, ProgramDocument, ProgramPlan, ProgramStatus, TierDocument

# Zones whose clocks are hard: midnight is skipped or comes twice, half hours, a day that never was.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Havana", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
)  # fmt: skip


def tier(code: str, min_points: int, **more: Any) -> TierDocument:
    """Make a tier."""
    return TierDocument(code=code, name=code.title(), min_points=min_points, **more)


LADDER = (tier("SILVER", 100), tier("BRONZE", 0), tier("GOLD", 500))


def document(**changes: Any) -> ProgramDocument:
    """Make a document without a fault."""
    return ProgramDocument(**{"name": "VIP", "code": "VIP", "tiers": LADDER, **changes})


def plan(**changes: Any) -> ProgramPlan:
    """Make a plan that is open all year 2026 in Berlin."""
    whole: dict[str, Any] = {
        "program_id": UUID(int=1), "code": "VIP", "name": "VIP", "status": ProgramStatus.ACTIVE,
        "start_date": date(2026, 1, 1), "end_date": date(2026, 12, 31), "currency": "EUR",
        "timezone": "Europe/Berlin", "enrollment": Enrollment.AUTOMATIC, "version_id": UUID(int=2),
        "version_number": 1,
    }  # fmt: skip
    short = {name: changes.pop(name) for name in policy.SHORT_FORMS if name in changes}
    return policy.amend_plan(ProgramPlan(**{**whole, **changes}), short)
