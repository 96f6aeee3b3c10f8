"""What a program's document may say, and what a writer may leave out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from loyalty.foundation.kernel.currencies import is_currency
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.programs.contracts import ProgramDocument, ProgramStatus, TierDocument
from loyalty.programs.policy.checks import CODE, find_term_problems
from loyalty.programs.policy.forms import agree, find_disagreements

# A hundred times the base is beyond any campaign; a slip of the decimal point is not.
MULTIPLIER_MAX = Decimal(100)
TIERS_MAX = 50
ZONES = frozenset(available_timezones())
COLOR = re.compile(r"#[0-9A-Fa-f]{6}|[a-z][a-z0-9-]{0,29}|")


def code_from(name: str) -> str:
    """Make a code of a name: ``VIP Rewards`` gives ``VIP_REWARDS``; letters outside of ASCII fall away."""
    ascii_only = name.encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]+", "_", ascii_only.upper()).strip("_")[:40]


def complete(document: ProgramDocument) -> ProgramDocument:
    """Fill what the writer left out: codes from names, tiers in the order of their points, short and long forms."""
    thresholds = sorted(tier.min_points for tier in document.tiers)
    filled = tuple(
        replace(
            tier,
            code=tier.code or code_from(tier.name),
            priority=tier.priority or thresholds.index(tier.min_points) + 1,
        )
        for tier in document.tiers
    )
    return agree(replace(document, code=document.code or code_from(document.name), tiers=filled))


def find_problems(document: ProgramDocument) -> list[FieldProblem]:
    """Give everything that is wrong with a document; none means that it can be stored."""
    return [
        *_header_problems(document),
        *_tier_problems(document.tiers),
        *find_disagreements(document),
        *find_term_problems(document),
    ]


def _header_problems(document: ProgramDocument) -> Iterator[FieldProblem]:
    if not document.name.strip():
        yield FieldProblem("name", "blank", "A program has a name.")
    if not CODE.fullmatch(document.code):
        yield FieldProblem("code", "program.code_invalid", "A code has 1 to 50 letters, digits, _ or -.")
    if document.start_date and document.end_date and document.end_date < document.start_date:
        yield FieldProblem("end_date", "program.dates_out_of_order", "The end lies before the start.")
    if not is_currency(document.currency):
        yield FieldProblem("currency", "program.currency_unknown", "This is not an ISO 4217 currency in use.")
    if document.timezone not in ZONES:
        yield FieldProblem("timezone", "program.timezone_unknown", "This is not an IANA time zone.")
    if document.status is ProgramStatus.ACTIVE and not document.earn_rules:
        yield FieldProblem("earn_rule", "program.earn_rule_missing", "An active program says how points are earned.")


def _tier_problems(tiers: Sequence[TierDocument]) -> Iterator[FieldProblem]:
    if len(tiers) > TIERS_MAX:
        yield FieldProblem("tiers", "program.tiers_too_many", f"A program has at most {TIERS_MAX} tiers.")
    codes: set[str] = set()
    thresholds: set[int] = set()
    ids: set[Any] = set()
    for position, tier in enumerate(tiers):
        place = f"tiers.{position}"
        if not CODE.fullmatch(tier.code):
            yield FieldProblem(f"{place}.code", "program.code_invalid", "A code has 1 to 50 letters, digits, _ or -.")
        if tier.code.casefold() in codes:
            yield FieldProblem(f"{place}.code", "program.tier_code_duplicate", f"Two tiers are called {tier.code}.")
        if tier.min_points in thresholds:
            yield FieldProblem(
                f"{place}.min_points", "program.tiers_overlap", f"Two tiers begin at {tier.min_points} points."
            )
        if tier.id is not None and tier.id in ids:
            yield FieldProblem(f"{place}.id", "program.tier_id_duplicate", "Two tiers have the same id.")
        codes.add(tier.code.casefold())
        thresholds.add(tier.min_points)
        ids.add(tier.id)
        yield from _tier_value_problems(tier, place)


def _tier_value_problems(tier: TierDocument, place: str) -> Iterator[FieldProblem]:
    if not tier.name.strip():
        yield FieldProblem(f"{place}.name", "blank", "A tier has a name.")
    if not 0 <= tier.min_points <= POINTS_MAX:
        yield FieldProblem(f"{place}.min_points", "out_of_range", f"A tier begins between 0 and {POINTS_MAX} points.")
    if not 0 < tier.multiplier <= MULTIPLIER_MAX:
        yield FieldProblem(f"{place}.multiplier", "out_of_range", f"A multiplier is above 0, at most {MULTIPLIER_MAX}.")
    if not COLOR.fullmatch(tier.color):
        yield FieldProblem(f"{place}.color", "program.color_invalid", "A color is #RRGGBB or the name of a color.")
