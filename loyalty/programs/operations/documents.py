"""Writes of program documents: each change that counts makes a new version, and used versions stay as they are."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm.api import bump_version
from loyalty.programs import policy
from loyalty.programs.contracts import CapPlan, ProgramDocument, ProgramStatus
from loyalty.programs.errors import ProgramCodeTaken, ProgramInUse, ProgramInvalid
from loyalty.programs.models import Membership, Program, ProgramVersion
from loyalty.programs.operations import asking, versions, writing
from loyalty.programs.operations.writing import Changes
from loyalty.programs.queries import current_version, document_of, version_at


def create_program(*, document: ProgramDocument, actor: Actor, now: datetime) -> uuid.UUID:
    """Store a program with its tiers and its first version, or ask for it when it is to be active at once.

    :raises WaitsForApproval: a workflow has publications wait for others; the request is kept.
    :raises ProgramInvalid, RuleInvalid: the document cannot be stored.
    :raises ProgramCodeTaken: another program has the code.
    """
    with transaction.atomic():
        whole = writing.identify(writing.check(document, None), None, Program())
        outcome = asking.ask(None, None, whole, effective_at=None, actor=actor, now=now) or _create(whole, actor, now)
    return approvals.settled(outcome)


def _create(whole: ProgramDocument, actor: Actor, now: datetime) -> uuid.UUID:
    program = Program(owner_ref=actor.owner_ref)
    _save_header(program, whole)
    writing.write_tiers(program, whole.tiers)
    version = ProgramVersion(program=program, number=1, starts_at=now)
    _write_promises(version, program, whole, now)
    writing.announce(program, version, None, whole, actor=actor, act="programs.create", now=now)
    return program.public_id


def update_program(
    *,
    program_id: uuid.UUID,
    changes: Changes,
    expected_version: int | None,
    actor: Actor,
    now: datetime,
    effective_at: datetime | None = None,
) -> None:
    """Change what ``changes`` names (fields of ``ProgramDocument``), or ask for it; the rest stays.

    :param changes: the fields with their values, or a function that makes them of the document as it stands.
    :param expected_version: the edit count that the writer has read, or None to write regardless.
    :param effective_at: a future instant schedules the change; None makes it at once, and carries it into what is
        scheduled.
    :raises WaitsForApproval: a workflow has such changes wait for others; the request is kept.
    :raises ProgramNotFound: there is none of that id.
    :raises EditConflict: someone else changed it first.
    :raises ProgramInvalid, RuleInvalid, ProgramCodeTaken, ProgramInUse: the change cannot be made.
    """
    with transaction.atomic():
        program = writing.hold(program_id, expected_version)
        versions.begin_due(program, now)
        outcome = _ask_for_update(program, changes, effective_at, actor, now)
        if outcome is None:
            _update(program, changes, effective_at, actor, now)
    approvals.settled(outcome)


def _ask_for_update(
    program: Program, changes: Changes, effective_at: datetime | None, actor: Actor, now: datetime
) -> approvals.Waiting | None:
    if not any(approvals.is_demanded(kind) for kind in asking.TITLES):
        return None
    version = current_version(program) if effective_at is None else version_at(program, effective_at)
    before = document_of(program, version)
    amended = policy.amend(before, writing.changes_of(changes, before))
    after = writing.identify(writing.check(amended, before), before, program)
    return asking.ask(program, before, after, effective_at=effective_at, actor=actor, now=now)


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Make a write that was approved, as whoever asked for it; a day that has come meanwhile means at once."""
    program_id, document, effective_at = asking.read(payload)
    if program_id is None:
        # Its tiers were given their ids when it was asked for.
        return {"program_id": str(_create(writing.check(document, None), actor, now))}
    program = writing.hold(program_id, None)
    versions.begin_due(program, now)
    changes = {one.name: getattr(document, one.name) for one in fields(document)}
    later = effective_at if effective_at is not None and effective_at > now else None
    _update(program, changes, later, actor, now)
    return {"program_id": str(program_id), "version_number": current_version(program).number}


def _update(program: Program, changes: Changes, effective_at: datetime | None, actor: Actor, now: datetime) -> None:
    if effective_at is not None:
        versions.schedule(program, changes, effective_at=effective_at, actor=actor, now=now)
        return
    version = current_version(program)
    before = document_of(program, version)
    amended = policy.amend(before, writing.changes_of(changes, before))
    after = writing.identify(writing.check(amended, before), before, program)
    if version.used_at is not None:
        _refuse_unmaking(before, after)
    are_tiers_changed = policy.are_tiers_changed(before, after)
    if not are_tiers_changed and replace(after, tiers=before.tiers) == before:
        return
    _save_header(program, after)
    if are_tiers_changed:
        writing.write_tiers(program, after.tiers)
    if version.used_at is not None and policy.are_promises_changed(before, after):
        # A clock that goes backwards makes no version that is older than the one it follows.
        starts_at = max(now, version.starts_at)
        version = ProgramVersion(program=program, number=writing.next_number(program), starts_at=starts_at)
    if version.used_at is None:
        _write_promises(version, program, after, now)
    versions.carry(program, before, after, since=now)
    bump_version(program)
    writing.announce(program, version, before, after, actor=actor, act="programs.change", now=now)


def add_cap(
    *, program_id: uuid.UUID, cap: CapPlan, actor: Actor, now: datetime, effective_at: datetime | None = None
) -> None:
    """Add a cap to what the program promises from now on, or from a future instant; a cap of that code is refused.

    :raises ProgramNotFound: there is none of that id.
    :raises ProgramInvalid: the cap cannot be added.
    """
    update_program(
        program_id=program_id,
        changes=lambda document: {"caps": (*document.caps, cap)},
        expected_version=None,
        actor=actor,
        now=now,
        effective_at=effective_at,
    )


@transaction.atomic
def delete_program(*, program_id: uuid.UUID, expected_version: int | None, actor: Actor, now: datetime) -> None:
    """Delete a draft that nobody is a member of.

    :raises ProgramNotFound: there is none of that id.
    :raises EditConflict: someone else changed it first.
    :raises ProgramInUse: it was active or has members; make it inactive instead.
    """
    program = writing.hold(program_id, expected_version)
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


def _save_header(program: Program, document: ProgramDocument) -> None:
    for name in policy.HEADER:
        setattr(program, name, getattr(document, name))
    program.status, program.enrollment = document.status.value, document.enrollment.value
    try:
        with transaction.atomic():
            program.save()
    except IntegrityError as fault:
        raise ProgramCodeTaken(f"Another program has the code {program.code}.") from fault


def _write_promises(version: ProgramVersion, program: Program, document: ProgramDocument, now: datetime) -> None:
    """Fill a version that was not used yet; the program's being active is its first use."""
    if version.number > 1:
        version.used_at = now
    elif program.status == ProgramStatus.ACTIVE.value:
        version.used_at, version.starts_at = now, now
    writing.fill(version, document)
