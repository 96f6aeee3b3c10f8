"""Decisions of approvals as pure functions: which workflow demands, who fills which seat, what differs."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty.foundation.approvals.contracts import Change, Checker, Step, StepMode, WorkflowDraft, WorkflowRule
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.phrases import Words

STEPS_MAX, APPROVALS_MAX, NAMED_MAX = 10, 20, 100
# A month: longer sums would be a limit of their own, not a guard against splitting.
WINDOW_HOURS_MAX, EXPIRES_HOURS_MAX = 720, 8760
DIFFERENCES_MAX = 500

# Why a request ended that nobody ended; stored in English, told by ``say_reason``.
NOT_DECIDED, SUBJECT_CHANGED = "Nobody decided in time.", "The subject has changed since this was asked for."
MAKER_LOST = "Whoever asked may no longer make such changes."
SUPERSEDED = "A newer request took its place."
REASONS: Mapping[str, Mapping[str, str]] = {
    "ar": {
        NOT_DECIDED: "لم يقرر أحد في الوقت المحدد.",
        SUBJECT_CHANGED: "تغيّر موضوع الطلب بعد تقديمه.",
        MAKER_LOST: "لم يعد يحق لمقدّم الطلب إجراء مثل هذا التغيير.",
        SUPERSEDED: "حلّ محله طلب أحدث.",
    }
}
REVIEW = "review"
REVIEW_WORDS: Words = {"en": {REVIEW: "Review of an emergency: {of}"}, "ar": {REVIEW: "مراجعة حالة طارئة: {of}"}}


@dataclass(frozen=True, slots=True)
class Seat:
    """One approval that a step needs, and who may give it."""

    roles: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    permission: str = ""

    def fits(self, checker: Checker) -> bool:
        """Tell whether a person may give this approval."""
        if checker.ref in self.users or self.roles & checker.roles:
            return True
        return bool(self.permission) and self.permission in checker.permissions


def seats_of(step: Step) -> list[Seat]:
    """Give the approvals that a step needs."""
    if step.mode is StepMode.ANY:
        seat = Seat(frozenset(step.roles), frozenset(step.users), step.permission)
        return [seat] * step.approvals_min
    each = [Seat(users=frozenset({user})) for user in step.users]
    each += [Seat(roles=frozenset({role})) for role in step.roles]
    return [*each, Seat(permission=step.permission)] if step.permission else each


def filled(seats: Sequence[Seat], people: Sequence[Checker]) -> int:
    """Give how many seats can be filled at once, each by a person of its own (augmenting paths)."""
    holder: dict[int, int] = {}

    def place(person: int, tried: set[int]) -> bool:
        for number, seat in enumerate(seats):
            if number in tried or not seat.fits(people[person]):
                continue
            tried.add(number)
            if number not in holder or place(holder[number], tried):
                holder[number] = person
                return True
        return False

    return sum(place(person, set()) for person in range(len(people)))


def is_met(step: Step, approvers: Sequence[Checker]) -> bool:
    """Tell whether those who approved are all that the step needs."""
    seats = seats_of(step)
    return filled(seats, approvers) == len(seats)


def is_wanted(step: Step, approvers: Sequence[Checker], one: Checker) -> bool:
    """Tell whether one more approval, of this person, would bring the step on."""
    seats = seats_of(step)
    return filled(seats, [*approvers, one]) > filled(seats, approvers)


def is_among(step: Step, one: Checker) -> bool:
    """Tell whether a person is one of those who decide a step; who rejects needs no free seat."""
    return any(seat.fits(one) for seat in seats_of(step))


def can_be_decided(steps: Sequence[Step], people: Sequence[Checker]) -> bool:
    """Tell whether there are people enough for all steps, nobody counted twice."""
    seats = [seat for step in steps for seat in seats_of(step)]
    return filled(seats, people) == len(seats)


def choose(
    rules: Sequence[WorkflowRule], amount: int | None, sums: Mapping[int, int], *, is_forced: bool = False
) -> tuple[WorkflowRule, int | None] | None:
    """Give the workflow that demands an approval, that of the highest threshold reached, and the sum that reached it.

    :param amount: of this change. :param sums: by window in hours, what the maker or the beneficiary had before it,
        whichever is more. :param is_forced: the lowest one demands when none is reached.
    """
    reached: list[tuple[int, WorkflowRule, int | None]] = []
    for rule in rules:
        if rule.amount_from is None:
            reached.append((-1, rule, None))
            continue
        if amount is None:
            # A change whose amount nobody knows is not known to be small.
            reached.append((rule.amount_from, rule, None))
            continue
        total = amount + (sums.get(rule.window_hours, 0) if rule.window_hours else 0)
        if total >= rule.amount_from:
            reached.append((rule.amount_from, rule, total if rule.window_hours else None))
    if not reached and rules and is_forced:
        return min(rules, key=lambda one: (one.amount_from or 0, str(one.id))), None
    if not reached:
        return None
    _, rule, total_reached = max(reached, key=lambda one: (one[0], str(one[1].id)))
    return rule, total_reached


def person_keys(user_ref: str, email: str = "", person_ref: str = "") -> frozenset[str]:
    """Give the marks by which accounts of one person are known: the account, its address, and who stands behind it."""
    keys = {f"user:{user_ref}"}
    if email:
        keys.add(f"email:{plain_email(email)}")
    if person_ref:
        keys.add(f"person:{unicodedata.normalize('NFKC', person_ref).casefold()}")
        keys.add(f"user:{person_ref}")
    return frozenset(keys)


def plain_email(email: str) -> str:
    """Give an address without what can be varied at will: case, width of letters, and what follows a plus."""
    name, _, host = unicodedata.normalize("NFKC", email).strip().casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{host.rstrip('.')}"


def say_reason(reason: str, language: str) -> str:
    """Say why a request ended: the platform's own reasons in a language, what people wrote as they wrote it."""
    return REASONS.get(language, {}).get(reason, reason)


def differences(before: Any, after: Any, path: str = "") -> list[Change]:
    """Give what differs between two JSON values, leaf by leaf."""
    return list(_differences(before, after, path))[:DIFFERENCES_MAX]


_NOTHING = object()


def _differences(before: Any, after: Any, path: str) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            inner = f"{path}.{name}" if path else str(name)
            yield from _differences(before.get(name, _NOTHING), after.get(name, _NOTHING), inner)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for place in range(max(len(before), len(after))):
            one = before[place] if place < len(before) else _NOTHING
            other = after[place] if place < len(after) else _NOTHING
            yield from _differences(one, other, f"{path}.{place}" if path else str(place))
    elif before is _NOTHING:
        yield Change(path, "added", None, after)
    elif after is _NOTHING:
        yield Change(path, "removed", before, None)
    elif before != after:
        yield Change(path, "changed", before, after)


def problems_of(draft: WorkflowDraft, *, has_amount: bool, roles: set[str], users: set[str]) -> list[FieldProblem]:
    """Say what keeps a workflow from working; ``roles`` and ``users`` are those that exist."""
    found = list(_problems_of_amount(draft, has_amount))
    if not 1 <= draft.expires_after_hours <= EXPIRES_HOURS_MAX:
        found.append(_problem("expires_after_hours", f"A request waits 1 to {EXPIRES_HOURS_MAX} hours."))
    if not 1 <= len(draft.steps) <= STEPS_MAX:
        found.append(_problem("steps", f"A workflow has 1 to {STEPS_MAX} steps."))
    for place, step in enumerate(draft.steps):
        found += _problems_of_step(step, f"steps.{place}", roles, users)
    return found


def _problems_of_amount(draft: WorkflowDraft, has_amount: bool) -> Iterator[FieldProblem]:
    if draft.amount_from is not None and not has_amount:
        yield _problem("amount_from", "Changes of this kind have no amount.")
    if draft.amount_from is not None and draft.amount_from < 1:
        yield _problem("amount_from", "An amount begins at 1; without one every change waits.")
    if draft.window_hours is not None and not 1 <= draft.window_hours <= WINDOW_HOURS_MAX:
        yield _problem("window_hours", f"Amounts are summed over 1 to {WINDOW_HOURS_MAX} hours.")
    if draft.window_hours is not None and draft.amount_from is None:
        yield _problem("window_hours", "Without an amount there is nothing to sum.")


def _problems_of_step(step: Step, place: str, roles: set[str], users: set[str]) -> Iterator[FieldProblem]:
    if not step.roles and not step.users and not step.permission:
        yield _problem(place, "A step names who decides: roles, users or a permission.")
    if len(step.roles) + len(step.users) > NAMED_MAX:
        yield _problem(place, f"A step names at most {NAMED_MAX} roles and users.")
    if not 1 <= step.approvals_min <= APPROVALS_MAX:
        yield _problem(f"{place}.approvals_min", f"A step needs 1 to {APPROVALS_MAX} approvals.")
    for role in step.roles:
        if role not in roles:
            yield _problem(f"{place}.roles", f"There is no role {role!r}.")
    for user in step.users:
        if user not in users:
            yield _problem(f"{place}.users", "There is no such active user.")
    only_users = step.mode is StepMode.ANY and not step.roles and not step.permission
    if only_users and step.approvals_min > len(set(step.users)):
        yield _problem(f"{place}.approvals_min", "More approvals are needed than users are named.")


def _problem(field: str, words: str) -> FieldProblem:
    return FieldProblem(field, "approvals.workflow_invalid", words)
