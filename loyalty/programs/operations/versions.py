"""Versions that begin later: scheduled, carried along with changes made meanwhile, cancelled, begun."""

import uuid
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.rules.api import RuleInvalid
from loyalty.programs import policy
from loyalty.programs.contracts import ProgramDocument
from loyalty.programs.errors import ProgramInvalid, VersionBegun, VersionNotFound
from loyalty.programs.models import Program, ProgramVersion
from loyalty.programs.operations import writing
from loyalty.programs.operations.writing import Changes
from loyalty.programs.queries import current_version, document_of, version_at

# Who has versions begin whose instant has come.
BEGINNER = system_actor("programs.begin_due")
# More would be a calendar, and every change is carried into each of them.
SCHEDULED_MAX = 20


def schedule(program: Program, changes: Changes, *, effective_at: datetime, actor: Actor, now: datetime) -> None:
    """Store a change that begins later; at the instant of a scheduled version it changes that one.

    :param program: held by the caller.
    :raises ProgramInvalid, RuleInvalid: the change cannot be made, or not later.
    """
    _check_schedulable(program, effective_at, now)
    base = version_at(program, effective_at)
    before = document_of(program, base)
    amended = policy.amend(before, writing.changes_of(changes, before))
    after = writing.identify(writing.check(amended, before), before, program)
    writing.refuse(
        [
            FieldProblem(name, "program.field_not_scheduled", "This belongs to the program itself and counts at once.")
            for name in policy.HEADER
            if getattr(before, name) != getattr(after, name)
        ]
    )
    if not policy.are_promises_changed(before, after):
        return
    version = base
    if base.used_at is not None or base.starts_at != effective_at:
        number = writing.next_number(program)
        version = ProgramVersion(program=program, number=number, starts_at=effective_at)
    writing.fill(version, after)
    carry(program, before, after, since=effective_at)
    bump_version(program)
    writing.announce(program, version, before, after, actor=actor, act="programs.schedule", now=now)


def _check_schedulable(program: Program, effective_at: datetime, now: datetime) -> None:
    problem = ""
    if effective_at <= now:
        problem, words = "program.effective_at_past", "A change that is scheduled begins in the future."
    elif current_version(program).used_at is None:
        problem, words = "program.schedule_needs_active", "A draft is changed at once; it has promised nothing yet."
    elif sum(1 for _ in writing.scheduled_after(program)) >= SCHEDULED_MAX:
        problem, words = "program.too_many", f"At most {SCHEDULED_MAX} versions are scheduled."
    if problem:
        writing.refuse([FieldProblem("effective_at", problem, words)])


def carry(program: Program, before: ProgramDocument, after: ProgramDocument, *, since: datetime) -> None:
    """Carry a change into the versions that begin later, where they say nothing else themselves.

    :raises ProgramInvalid: one of them would contradict itself; the places say which.
    """
    for version in writing.scheduled_after(program, since):
        own = document_of(program, version)
        carried = policy.carry(own, before, after)
        if carried == own:
            continue
        try:
            writing.check(carried, carried)
        except (ProgramInvalid, RuleInvalid) as refusal:
            problems = [
                replace(problem, field=f"versions.{version.number}.{problem.field}") for problem in refusal.problems
            ]
            raise ProgramInvalid(
                f"Version {version.number}, which is scheduled, would contradict itself; change or cancel it first.",
                problems=problems,
            ) from refusal
        writing.fill(version, carried)


@transaction.atomic
def cancel_version(
    *, program_id: uuid.UUID, number: int, expected_version: int | None, actor: Actor, now: datetime
) -> None:
    """Take a scheduled version back, and its changes out of those that begin after it.

    :raises ProgramNotFound, VersionNotFound: there is none.
    :raises EditConflict: someone else changed the program first.
    :raises VersionBegun: it counts already.
    """
    program = writing.hold(program_id, expected_version)
    begin_due(program, now)
    version = ProgramVersion.objects.filter(program=program, number=number).first()
    if version is None:
        raise VersionNotFound()
    if version.used_at is not None or version.number == 1:
        raise VersionBegun(f"Version {number} counts already; make a new change instead.")
    dropped, starts_at = document_of(program, version), version.starts_at
    version.delete()
    base = version_at(program, starts_at)
    kept = document_of(program, base)
    carry(program, dropped, kept, since=starts_at)
    bump_version(program)
    current = current_version(program)
    writing.announce(program, current, dropped, kept, actor=actor, act="programs.cancel_version", now=now)


def begin_due(program: Program, now: datetime) -> int:
    """Have the versions begin whose instant has come; give how many.

    What the program promises goes by ``starts_at`` alone; beginning makes the tiers that members point at those of the
    version, and tells the others.

    :param program: held by the caller.
    """
    begun = 0
    for version in writing.scheduled_after(program):
        if version.starts_at > now:
            break
        before = document_of(program, current_version(program))
        after = document_of(program, version)
        version.used_at = now
        version.save(update_fields=["used_at"])
        if policy.are_tiers_changed(before, after):
            writing.write_tiers(program, after.tiers)
        bump_version(program)
        writing.announce(program, version, before, after, actor=BEGINNER, act="programs.begin_version", now=now)
        begun += 1
    return begun


def begin_due_versions(*, now: datetime) -> int:
    """Look at all programs for versions whose instant has come, each program in a transaction of its own."""
    due = ProgramVersion.objects.filter(used_at__isnull=True, number__gt=1, starts_at__lte=now)
    return sum(_begin_of(program_id, now) for program_id in sorted(set(due.values_list("program_id", flat=True))))


@transaction.atomic
def _begin_of(program_id: int, now: datetime) -> int:
    # Whoever holds the program begins what is due in it.
    program = Program.objects.select_for_update(skip_locked=True).filter(pk=program_id).first()
    return begin_due(program, now) if program else 0
