"""Writes of program documents: each change that counts makes a new version, and used versions stay as they are."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.rules.api import RuleInvalid
from loyalty.programs import policy
from loyalty.programs.contracts import ProgramDocument, ProgramStatus, TierDocument
from loyalty.programs.errors import (
    EditConflict,
    ProgramCodeTaken,
    ProgramInUse,
    ProgramInvalid,
    ProgramNotFound,
)
from loyalty.programs.events import ProgramChanged
from loyalty.programs.models import Membership, Program, ProgramVersion, Tier
from loyalty.programs.queries import current_version, document_of

HEADER = ("name", "code", "description", "start_date", "end_date", "currency", "timezone")


def _check(document: ProgramDocument) -> ProgramDocument:
    """Complete a document and refuse what cannot be stored.

    :raises RuleInvalid: a rule is not valid, with every problem and its place.
    :raises ProgramInvalid: anything else.
    """
    whole = policy.complete(document)
    in_rules = policy.check_rules(whole)
    if in_rules:
        raise RuleInvalid(f"{in_rules[0].message} (at {in_rules[0].field})", problems=in_rules)
    problems = policy.find_problems(whole)
    if problems:
        raise ProgramInvalid(problems[0].message, problems=problems)
    return whole


@transaction.atomic
def create_program(*, document: ProgramDocument, actor: Actor, now: datetime) -> uuid.UUID:
    """Store a program with its tiers and its first version.

    :raises ProgramInvalid, RuleInvalid: the document cannot be stored.
    :raises ProgramCodeTaken: another program has the code.
    """
    whole = _check(document)
    program = Program(status=whole.status.value, enrollment=whole.enrollment.value)
    _set_header(program, whole)
    _save_header(program)
    _write_tiers(program, whole.tiers)
    version = ProgramVersion(program=program, number=1, starts_at=now)
    _write_promises(version, program, whole, now)
    _announce(program, version, None, whole, actor=actor, act="programs.create", now=now)
    return program.public_id


@transaction.atomic
def update_program(
    *, program_id: uuid.UUID, changes: Mapping[str, Any], expected_version: int | None, actor: Actor, now: datetime
) -> None:
    """Change what ``changes`` names (fields of ``ProgramDocument``); the rest stays.

    :param expected_version: the edit count that the writer has read, or None to write regardless.
    :raises ProgramNotFound: there is none of that id.
    :raises EditConflict: someone else changed it first.
    :raises ProgramInvalid, RuleInvalid, ProgramCodeTaken, ProgramInUse: the change cannot be made.
    """
    program = Program.objects.select_for_update().filter(public_id=program_id).first()
    if program is None:
        raise ProgramNotFound()
    if expected_version is not None and program.version != expected_version:
        raise EditConflict("Someone else changed this program; read it again.", current_version=program.version)
    version = current_version(program)
    before = document_of(program, version)
    after = _check(policy.amend(before, changes))
    if version.used_at is not None:
        _refuse_unmaking(before, after)
    are_tiers_changed = _are_tiers_changed(before, after)
    if not are_tiers_changed and replace(after, tiers=before.tiers) == before:
        return
    _set_header(program, after)
    program.status, program.enrollment = after.status.value, after.enrollment.value
    _save_header(program)
    if are_tiers_changed:
        _write_tiers(program, after.tiers)
    if version.used_at is not None and _are_promises_changed(before, after):
        version = ProgramVersion(program=program, number=version.number + 1, starts_at=now)
    if version.used_at is None:
        _write_promises(version, program, after, now)
    bump_version(program)
    _announce(program, version, before, after, actor=actor, act="programs.change", now=now)


@transaction.atomic
def delete_program(*, program_id: uuid.UUID, expected_version: int | None, actor: Actor, now: datetime) -> None:
    """Delete a draft that nobody is a member of.

    :raises ProgramNotFound: there is none of that id.
    :raises EditConflict: someone else changed it first.
    :raises ProgramInUse: it was active or has members; make it inactive instead.
    """
    program = Program.objects.select_for_update().filter(public_id=program_id).first()
    if program is None:
        raise ProgramNotFound()
    if expected_version is not None and program.version != expected_version:
        raise EditConflict("Someone else changed this program; read it again.", current_version=program.version)
    version = current_version(program)
    if version.used_at is not None or Membership.objects.filter(program=program).exists():
        raise ProgramInUse("Only a draft without members can be deleted; make the program inactive instead.")
    before = asdict(document_of(program, version))
    audit.record(
        actor=actor, act="programs.delete", subject_kind="program", subject_ref=str(program_id), at=now, before=before
    )
    program.delete()


def _refuse_unmaking(before: ProgramDocument, after: ProgramDocument) -> None:
    """A program that was active keeps its name in the books: its code, its currency, and that it was active."""
    if after.status is ProgramStatus.DRAFT and before.status is not ProgramStatus.DRAFT:
        raise ProgramInUse("A program that was active cannot become a draft; make it inactive instead.")
    fixed = [
        FieldProblem(name, "program.field_fixed", "This cannot change once the program was active.")
        for name in ("code", "currency")
        if getattr(before, name) != getattr(after, name)
    ]
    if fixed:
        raise ProgramInvalid(fixed[0].message, problems=fixed)


def _are_promises_changed(before: ProgramDocument, after: ProgramDocument) -> bool:
    return _are_tiers_changed(before, after) or policy.terms_of(before) != policy.terms_of(after)


def _are_tiers_changed(before: ProgramDocument, after: ProgramDocument) -> bool:
    """Compare what tiers say; a writer may leave their ids out and give them in any order."""
    first, second = (
        sorted((replace(tier, id=None) for tier in document.tiers), key=lambda tier: tier.min_points)
        for document in (before, after)
    )
    return first != second


def _set_header(program: Program, document: ProgramDocument) -> None:
    for name in HEADER:
        setattr(program, name, getattr(document, name))


def _save_header(program: Program) -> None:
    try:
        with transaction.atomic():
            program.save()
    except IntegrityError as fault:
        raise ProgramCodeTaken(f"Another program has the code {program.code}.") from fault


def _write_promises(version: ProgramVersion, program: Program, document: ProgramDocument, now: datetime) -> None:
    """Fill a version that was not used yet; the program's being active is its first use."""
    version.terms = policy.store_terms(document)
    version.tiers = [_snapshot(tier) for tier in program.tiers.filter(retired_ref=0).order_by("min_points")]
    if program.status == ProgramStatus.ACTIVE.value or version.number > 1:
        version.used_at = now
        version.starts_at = now
    version.save()


def _snapshot(tier: Tier) -> dict[str, Any]:
    return {
        "id": str(tier.public_id),
        "code": tier.code,
        "name": tier.name,
        "min_points": tier.min_points,
        "multiplier": str(tier.multiplier),
        "benefits": tier.benefits,
        "priority": tier.priority,
        "color": tier.color,
        "benefit_grants": tier.benefit_grants,
        "is_invitation_only": tier.is_invitation_only,
    }


def _write_tiers(program: Program, wanted: tuple[TierDocument, ...]) -> None:
    """Make the program's tiers those of the document; one that goes is retired, and tiers moves its members.

    :raises ProgramInvalid: an id names no tier of this program.
    """
    present = {tier.public_id: tier for tier in program.tiers.filter(retired_ref=0)}
    by_code = {tier.code: tier for tier in present.values()}
    strange = [
        FieldProblem(f"tiers.{place}.id", "program.tier_not_found", "This program has no tier of this id.")
        for place, tier in enumerate(wanted)
        if tier.id is not None and tier.id not in present
    ]
    if strange:
        raise ProgramInvalid(strange[0].message, problems=strange)
    named = {tier.id for tier in wanted}
    kept: set[int] = set()
    for document in wanted:
        same_code = by_code.get(document.code)
        if document.id is not None:
            row = present[document.id]
        elif same_code is not None and same_code.public_id not in named:
            row = same_code
        else:
            row = Tier(program=program)
        for name in ("code", "name", "min_points", "multiplier", "priority", "color", "is_invitation_only"):
            setattr(row, name, getattr(document, name))
        row.benefits = list(document.benefits)
        row.benefit_grants = [asdict(grant) for grant in document.benefit_grants]
        row.save()
        kept.add(row.pk)
    program.tiers.filter(retired_ref=0).exclude(pk__in=kept).update(retired_ref=F("id"))


def _announce(
    program: Program,
    version: ProgramVersion,
    before: ProgramDocument | None,
    after: ProgramDocument,
    *,
    actor: Actor,
    act: str,
    now: datetime,
) -> None:
    subject = str(program.public_id)
    audit.record(
        actor=actor,
        act=act,
        subject_kind="program",
        subject_ref=subject,
        at=now,
        before=asdict(before) if before else None,
        after={**asdict(after), "program_version": version.number},
    )
    fact = ProgramChanged(
        program_id=program.public_id,
        code=program.code,
        status=program.status,
        version_number=version.number,
        are_tiers_changed=before is not None and _are_tiers_changed(before, after),
    )
    events.publish(fact, key=subject, subject_kind="program", subject_ref=subject, occurred_at=now)
