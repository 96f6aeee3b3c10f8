"""Front door of programs."""

from loyalty.programs.contracts import (
    Enrolling,
    Enrollment,
    MembershipView,
    ProgramDocument,
    ProgramPlan,
    ProgramStatus,
    TierDocument,
    TierPlan,
)
from loyalty.programs.errors import (
    EditConflict,
    MembershipNotFound,
    ProgramCodeTaken,
    ProgramInUse,
    ProgramInvalid,
    ProgramNotActive,
    ProgramNotFound,
    TierNotFound,
)
from loyalty.programs.operations import create_program, delete_program, enroll, enroll_many, update_program
from loyalty.programs.policy import (
    BURN_SCHEMA,
    EARN_SCHEMA,
    EXPIRY_DAYS_MAX,
    business_date,
    choose_tier,
    is_open,
    next_tier,
    plan_at,
)
from loyalty.programs.queries import (
    find_membership,
    find_program_id,
    get_membership_of_account,
    get_plan,
    list_active_plans,
    list_memberships,
    list_plan_history,
)

# Contract views that other domains may join in their own SQL; the README describes their columns.
VIEW_DIRECTORY = "programs_directory"
VIEW_MEMBERSHIP = "programs_membership"
VIEW_TIERS = "programs_tiers"
# Contract functions for writes in sets: members' tiers change through these and through nothing else.
FUNCTION_LOCK_MEMBERS = "programs_lock_members"
FUNCTION_ASSIGN_TIERS = "programs_assign_tiers"

__all__ = [
    "BURN_SCHEMA",
    "EARN_SCHEMA",
    "EXPIRY_DAYS_MAX",
    "FUNCTION_ASSIGN_TIERS",
    "FUNCTION_LOCK_MEMBERS",
    "VIEW_DIRECTORY",
    "VIEW_MEMBERSHIP",
    "VIEW_TIERS",
    "Enrolling",
    "Enrollment",
    "MembershipNotFound",
    "MembershipView",
    "ProgramCodeTaken",
    "ProgramDocument",
    "EditConflict",
    "ProgramInUse",
    "ProgramInvalid",
    "ProgramNotActive",
    "ProgramNotFound",
    "ProgramPlan",
    "ProgramStatus",
    "TierDocument",
    "TierNotFound",
    "TierPlan",
    "business_date",
    "choose_tier",
    "create_program",
    "delete_program",
    "enroll",
    "enroll_many",
    "find_membership",
    "find_program_id",
    "get_membership_of_account",
    "get_plan",
    "is_open",
    "list_active_plans",
    "list_memberships",
    "list_plan_history",
    "next_tier",
    "plan_at",
    "update_program",
]
