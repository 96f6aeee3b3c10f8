"""Edits of a document of which several versions are alive: who a tier is, how a change carries into later ones."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.programs.contracts import ProgramDocument, TierDocument
from loyalty.programs.policy.forms import TERMS, amend, terms_of

# What a version fixes; the rest of a document belongs to the program itself and counts at once.
PROMISES = (*(name for name in TERMS if name != "rules_profile"), "tiers")
# What belongs to the program itself: it is not versioned.
HEADER = (
    "name", "code", "description", "status", "start_date", "end_date", "currency", "timezone", "enrollment",
)  # fmt: skip
# Lists whose rows are known by their code, so that two edits of different rows do not undo each other.
CODED_LISTS = frozenset({"earn_rules", "caps", "wallets", "tiers"})


def are_tiers_changed(before: ProgramDocument, after: ProgramDocument) -> bool:
    """Compare what tiers say; a writer may leave their ids out and give them in any order."""
    first, second = (
        sorted((replace(tier, id=None) for tier in document.tiers), key=lambda tier: tier.min_points)
        for document in (before, after)
    )
    return first != second


def are_promises_changed(before: ProgramDocument, after: ProgramDocument) -> bool:
    """Tell whether two documents promise different things."""
    return are_tiers_changed(before, after) or terms_of(before) != terms_of(after)


def identify_tiers(
    wanted: Sequence[TierDocument],
    base: Sequence[TierDocument],
    later: Sequence[TierDocument],
    new_id: Callable[[], uuid.UUID],
) -> tuple[tuple[TierDocument, ...], list[FieldProblem]]:
    """Give each tier its id: the one written, else that of the tier of its code, else a new one.

    :param base: the tiers that the writer changes; an id of any other tier is a problem.
    :param later: tiers of versions that are scheduled; one of the same code is the same tier.
    """
    known = {tier.id for tier in base}
    by_code = {tier.code: tier.id for tier in (*later, *base)}
    taken = {tier.id for tier in wanted if tier.id is not None}
    problems: list[FieldProblem] = []
    identified: list[TierDocument] = []
    for place, tier in enumerate(wanted):
        found = tier.id
        if found is not None and found not in known:
            problems.append(
                FieldProblem(f"tiers.{place}.id", "program.tier_not_found", "This program has no tier of this id.")
            )
        if found is None:
            of_code = by_code.get(tier.code)
            found = of_code if of_code is not None and of_code not in taken else new_id()
            taken.add(found)
        identified.append(replace(tier, id=found))
    return tuple(identified), problems


def carry(later: ProgramDocument, before: ProgramDocument, after: ProgramDocument) -> ProgramDocument:
    """Carry a change into a version that begins later: what that version did not change itself follows the change.

    Lists are compared row by row, by their codes; every other part of the terms as a whole.
    """
    # Rules that come along bring the profile that they were written under.
    changes: dict[str, Any] = {"rules_profile": max(later.rules_profile, after.rules_profile)}
    for name in PROMISES:
        own, old, new = getattr(later, name), getattr(before, name), getattr(after, name)
        if name in CODED_LISTS:
            changes[name] = _carry_rows(own, old, new)
        elif own == old:
            changes[name] = new
    return amend(later, changes)


def _carry_rows(own: Sequence[Any], old: Sequence[Any], new: Sequence[Any]) -> tuple[Any, ...]:
    old_rows, new_rows = ({row.code: row for row in rows} for rows in (old, new))
    own_codes = {row.code for row in own}
    followed = [new_rows.get(row.code) if row == old_rows.get(row.code) else row for row in own]
    added = [row for row in new if row.code not in old_rows and row.code not in own_codes]
    return (*(row for row in followed if row is not None), *added)
