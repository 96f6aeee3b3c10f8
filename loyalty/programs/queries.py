"""Reads of programs."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce

from loyalty.foundation.kernel.grants import Place, Scope
from loyalty.foundation.web.scoping import is_public_id
from loyalty.programs import policy
from loyalty.programs.contracts import (
    Enrollment,
    MembershipView,
    ProgramDocument,
    ProgramPlan,
    ProgramStatus,
    TierDocument,
    TierMode,
    TierPlan,
    VersionStatus,
)
from loyalty.programs.errors import MembershipNotFound, ProgramNotFound, VersionNotFound
from loyalty.programs.models import Membership, Program, ProgramVersion


def current_version(program: Program) -> ProgramVersion:
    """Give the version that is in effect."""
    return current_versions([program])[program.pk]


def version_at(program: Program, at: datetime) -> ProgramVersion:
    """Give the version of an instant; what happened before the first one began goes by the first one."""
    versions = ProgramVersion.objects.filter(program=program).order_by("starts_at", "number")
    return versions.filter(starts_at__lte=at).last() or versions[0]


def read_tier(stored: dict[str, Any]) -> TierPlan:
    """Build a tier from a version's snapshot."""
    return policy.read_part(TierPlan, stored)


def terms_of(version: ProgramVersion) -> dict[str, Any]:
    """Give what a version promises, by the names of ``ProgramTerms``."""
    terms = policy.read_terms(version.terms)
    return {name: getattr(terms, name) for name in policy.TERMS}


def plan_of(program: Program, version: ProgramVersion) -> ProgramPlan:
    """Put a program and one of its versions together."""
    return ProgramPlan(
        program_id=program.public_id,
        code=program.code,
        name=program.name,
        status=ProgramStatus(program.status),
        start_date=program.start_date,
        end_date=program.end_date,
        currency=program.currency,
        timezone=program.timezone,
        enrollment=Enrollment(program.enrollment),
        version_id=version.public_id,
        version_number=version.number,
        tiers=tuple(read_tier(stored) for stored in version.tiers),
        **terms_of(version),
    )


def get_plan(program_id: uuid.UUID, *, at: datetime) -> ProgramPlan:
    """Give what the program promises at an instant.

    :raises ProgramNotFound: there is none of that id.
    """
    program = Program.objects.filter(public_id=program_id).first()
    if program is None:
        raise ProgramNotFound()
    return plan_of(program, version_at(program, at))


def list_plan_history(program_id: uuid.UUID) -> list[tuple[datetime, ProgramPlan]]:
    """Give every version of a program with the instant from which it counts, oldest first.

    :raises ProgramNotFound: there is none of that id.
    """
    program = Program.objects.filter(public_id=program_id).first()
    if program is None:
        raise ProgramNotFound()
    versions = ProgramVersion.objects.filter(program=program).order_by("starts_at", "number")
    return [(version.starts_at, plan_of(program, version)) for version in versions]


def list_active_plans(*, at: datetime) -> list[ProgramPlan]:
    """Give what every active program promises at an instant, in order of their codes."""
    programs = Program.objects.filter(status=ProgramStatus.ACTIVE.value).order_by("code")
    return [plan_of(program, version_at(program, at)) for program in programs]


def find_program_id(*, code: str) -> uuid.UUID | None:
    """Give the id of the program of a code, or None."""
    return Program.objects.filter(code=code).values_list("public_id", flat=True).first()


def document_of(program: Program, version: ProgramVersion) -> ProgramDocument:
    """Give a program in the form in which it is written, as one of its versions has it."""
    document = ProgramDocument(
        name=program.name,
        code=program.code,
        description=program.description,
        status=ProgramStatus(program.status),
        start_date=program.start_date,
        end_date=program.end_date,
        currency=program.currency,
        timezone=program.timezone,
        enrollment=Enrollment(program.enrollment),
        tiers=tuple(policy.read_part(TierDocument, stored) for stored in version.tiers),
        **terms_of(version),
    )
    return policy.agree(document)


def view_of(membership: Membership) -> MembershipView:
    """Give what others see of a membership."""
    return MembershipView(
        program_id=membership.program.public_id,
        customer_id=membership.customer_public_id,
        account_id=membership.account_public_id,
        tier_code=membership.tier.code if membership.tier else None,
        tier_name=membership.tier.name if membership.tier else None,
        enrolled_at=membership.enrolled_at,
        tier_mode=TierMode(membership.tier_mode),
        tier_until_at=membership.tier_until_at,
        left_at=membership.left_at,
    )


def memberships() -> QuerySet[Membership]:
    """Memberships with what their view needs."""
    return Membership.objects.select_related("program", "tier")


def find_membership(*, program_id: uuid.UUID, customer_id: uuid.UUID) -> MembershipView | None:
    """Give a customer's membership in a program, or None."""
    found = memberships().filter(program__public_id=program_id, customer_public_id=customer_id).first()
    return view_of(found) if found else None


def get_membership_of_account(account_id: uuid.UUID) -> MembershipView:
    """Give the membership that an account was opened for.

    :raises MembershipNotFound: no membership has that account.
    """
    found = memberships().filter(account_public_id=account_id).first()
    if found is None:
        raise MembershipNotFound("No member has this account.")
    return view_of(found)


def list_memberships(*, customer_id: uuid.UUID) -> list[MembershipView]:
    """Give all memberships of a customer, oldest first."""
    return [view_of(found) for found in memberships().filter(customer_public_id=customer_id).order_by("id")]


@dataclass(frozen=True, slots=True)
class VersionShown:
    """A version with its document, where it stands now, and what it changed against the one that it follows."""

    program: Program
    version: ProgramVersion
    document: ProgramDocument
    status: VersionStatus
    changed: tuple[str, ...]


def list_versions(program: Program) -> list[VersionShown]:
    """Give every version of a program, the one that begins last first."""
    rows = list(ProgramVersion.objects.filter(program=program).order_by("starts_at", "number"))
    current = current_version(program)
    shown: list[VersionShown] = []
    before: ProgramDocument | None = None
    for version in rows:
        document = document_of(program, version)
        changed = policy.changed_names(before, document) if before else []
        status = VersionStatus.PAST
        if version.pk == current.pk:
            status = VersionStatus.CURRENT
        elif version.used_at is None:
            status = VersionStatus.SCHEDULED
        shown.append(VersionShown(program, version, document, status, tuple(changed)))
        before = document
    return shown[::-1]


def get_version(program: Program, number: int) -> VersionShown:
    """Give one version of a program, whole.

    :raises VersionNotFound: it has none of that number.
    """
    found = next((shown for shown in list_versions(program) if shown.version.number == number), None)
    if found is None:
        raise VersionNotFound()
    return found


def programs_with_members() -> QuerySet[Program]:
    """Programs with ``member_count``."""
    counted = (
        Membership.objects.filter(program=OuterRef("pk"))
        .order_by()
        .values("program")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Program.objects.annotate(member_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0))


def current_versions(programs: Sequence[Program]) -> dict[int, ProgramVersion]:
    """Give the version in effect of each program by the program's internal id, in one statement."""
    has_begun = ExpressionWrapper(Q(used_at__isnull=False), output_field=BooleanField())
    found = ProgramVersion.objects.filter(program__in=programs).annotate(has_begun=has_begun)
    found = found.order_by("program_id", "-has_begun", "-starts_at", "-number")
    return {version.program_id: version for version in found.distinct("program_id")}


def list_places(refs: Sequence[str]) -> dict[str, Place]:
    """Give where each program stands, which is in itself, and whose own it is; an empty text is nobody's."""
    rows = Program.objects.filter(public_id__in=[ref for ref in refs if is_public_id(ref)])
    return {
        str(ref): {Scope.PROGRAM: str(ref), Scope.OWN: owner or ""}
        for ref, owner in rows.values_list("public_id", "owner_ref")
    }
