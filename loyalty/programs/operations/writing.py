"""What every write of a program does: hold it, check the document, fill its version and its tiers, tell of it."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db.models import F, Max

from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.rules.api import RuleInvalid
from loyalty.programs import policy
from loyalty.programs.contracts import ProgramDocument, TierDocument
from loyalty.programs.errors import EditConflict, ProgramInvalid, ProgramNotFound
from loyalty.programs.events import ProgramChanged
from loyalty.programs.models import Program, ProgramVersion, Tier
from loyalty.programs.queries import document_of

Changes = Mapping[str, Any] | Callable[[ProgramDocument], Mapping[str, Any]]


def changes_of(changes: Changes, before: ProgramDocument) -> Mapping[str, Any]:
    """Give the changes to a document, which the caller holds."""
    return changes(before) if callable(changes) else changes


def hold(program_id: uuid.UUID, expected_version: int | None) -> Program:
    """Lock a program until the end of the transaction.

    :param expected_version: the edit count that the writer has read, or None to write regardless.
    :raises ProgramNotFound: there is none of that id.
    :raises EditConflict: someone else changed it first.
    """
    program = Program.objects.select_for_update().filter(public_id=program_id).first()
    if program is None:
        raise ProgramNotFound()
    if expected_version is not None and program.version != expected_version:
        raise EditConflict("Someone else changed this program; read it again.", current_version=program.version)
    return program


def check(document: ProgramDocument, before: ProgramDocument | None) -> ProgramDocument:
    """Complete a document, give its rules their profile, and refuse what cannot be stored.

    :param before: what it was made of; None for a new program.

    :raises RuleInvalid: a rule is not valid, with every problem and its place.
    :raises ProgramInvalid: anything else.
    """
    whole = policy.complete(document)
    whole = replace(whole, rules_profile=policy.rules_profile_for(whole, before))
    in_rules = policy.check_rules(whole)
    if in_rules:
        raise RuleInvalid(f"{in_rules[0].message} (at {in_rules[0].field})", problems=in_rules)
    refuse(policy.find_problems(whole))
    return whole


def refuse(problems: list[FieldProblem]) -> None:
    """Refuse a document that has problems.

    :raises ProgramInvalid: it has some.
    """
    if problems:
        raise ProgramInvalid(problems[0].message, problems=problems)


def identify(document: ProgramDocument, base: ProgramDocument | None, program: Program) -> ProgramDocument:
    """Give the tiers of a document the ids by which members know them.

    :raises ProgramInvalid: an id names no tier of the document that is changed.
    """
    later = [tier for version in scheduled_after(program) for tier in document_of(program, version).tiers]
    tiers, problems = policy.identify_tiers(document.tiers, base.tiers if base else (), later, new_public_id)
    refuse(problems)
    return replace(document, tiers=tiers)


def scheduled_after(program: Program, at: datetime | None = None) -> Iterator[ProgramVersion]:
    """Give the versions that have not begun, and begin after an instant, in the order in which they will."""
    if program._state.adding:
        return iter(())
    waiting = ProgramVersion.objects.filter(program=program, used_at__isnull=True, number__gt=1)
    if at is not None:
        waiting = waiting.filter(starts_at__gt=at)
    return iter(waiting.order_by("starts_at", "number"))


def next_number(program: Program) -> int:
    """Give the number of the version that comes to the others."""
    highest = ProgramVersion.objects.filter(program=program).aggregate(highest=Max("number"))["highest"]
    return int(highest or 0) + 1


def fill(version: ProgramVersion, document: ProgramDocument) -> None:
    """Store what a version promises; its tiers carry their ids."""
    version.terms = policy.store_terms(document)
    version.tiers = [asdict(tier) for tier in sorted(document.tiers, key=lambda tier: tier.min_points)]
    version.save()


def write_tiers(program: Program, wanted: tuple[TierDocument, ...]) -> None:
    """Make the program's tiers those of a version that is in effect; one that goes is retired, and tiers moves its
    members; one that comes back is the one that it was."""
    present = {tier.public_id: tier for tier in program.tiers.all()}
    kept: set[int] = set()
    for document in wanted:
        row = present.get(document.id) if document.id else None
        row = row or Tier(program=program, public_id=document.id or new_public_id())
        for name in ("code", "name", "min_points", "multiplier", "priority", "color", "is_invitation_only"):
            setattr(row, name, getattr(document, name))
        row.benefits = list(document.benefits)
        row.benefit_grants = [asdict(grant) for grant in document.benefit_grants]
        row.retired_ref = 0
        row.save()
        kept.add(row.pk)
    program.tiers.filter(retired_ref=0).exclude(pk__in=kept).update(retired_ref=F("id"))


def announce(
    program: Program,
    version: ProgramVersion,
    before: ProgramDocument | None,
    after: ProgramDocument,
    *,
    actor: Actor,
    act: str,
    now: datetime,
) -> None:
    """Audit a write and publish that the program changed: with which version, and when that one starts."""
    subject = str(program.public_id)
    audit.record(
        actor=actor,
        act=act,
        subject_kind="program",
        subject_ref=subject,
        at=now,
        before=asdict(before) if before else None,
        after={**asdict(after), "program_version": version.number, "starts_at": version.starts_at},
    )
    has_begun = version.starts_at <= now
    is_ladder_changed = before is not None and (
        policy.are_tiers_changed(before, after) or before.tier_policy != after.tier_policy
    )
    fact = ProgramChanged(
        program_id=program.public_id,
        code=program.code,
        status=program.status,
        version_number=version.number,
        version_id=version.public_id,
        starts_at=version.starts_at,
        has_begun=has_begun,
        are_tiers_changed=has_begun and is_ladder_changed,
    )
    events.publish(fact, key=subject, subject_kind="program", subject_ref=subject, occurred_at=now)
