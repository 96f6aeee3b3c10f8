"""What many facts do to tiers at once: counted in one statement, looked at in one for each program."""

import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers.contracts import EarnFact, Reason
from loyalty.tiers.operations.benefits import grant_first_benefits
from loyalty.tiers.operations.counting import Counted, count_many, figures_of
from loyalty.tiers.operations.looking import hold, look_for_change, settle
from loyalty.tiers.operations.taking import is_late, look_after, take_earn
from loyalty.tiers.policy.terms import terms_for_sql


@transaction.atomic
def take_earns(*, facts: Sequence[EarnFact], actor: Actor, now: datetime) -> None:
    """Do for several earns or purchases what ``take_earn`` does for each.

    A second one of a member, one of a merged account and a late one are taken by themselves after the others. So is
    the look at who rises: the instant and the cause of a rise are those of its own fact.
    """
    members = points.list_members_of([(fact.customer_id, fact.program_id) for fact in facts])
    hold(sorted({member.account_id for member in members.values()}))
    plans = {program: programs.get_plan(program, at=now) for program in {one.program_id for one in members.values()}}
    together: dict[uuid.UUID, tuple[EarnFact, Counted]] = {}
    alone = []
    for fact in facts:
        member = members.get((fact.customer_id, fact.program_id))
        if member is None:
            continue
        is_merged = member.status == ledger.AccountStatus.CLOSED.value
        if is_merged or member.account_id in together or is_late(fact, now):
            alone.append(fact)
            continue
        plan = plans[member.program_id]
        figures = figures_of(plan, fact.data, fact.points_amount, fact.occurred_at)
        if figures is not None:
            counted = Counted(member=member, plan=plan, figures=figures, is_new=True)
            together[member.account_id] = (fact, counted)
    count_many([(fact.transaction_id, one.member, one.figures) for fact, one in together.values()])
    by_program: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for account_id, (_, counted) in together.items():
        by_program[counted.member.program_id].append(account_id)
    for program_id, accounts in by_program.items():
        moving, others = look_for_change(plans[program_id], accounts, now)
        if others:
            settle(
                plans[program_id], others, mode="earned", reason=Reason.EARNED.value, is_held=True, actor=actor, now=now
            )
        for account_id in moving:
            fact, counted = together[account_id]
            look_after(counted, fact.transaction_id, fact.occurred_at, actor, now)
    for fact in alone:
        take_earn(fact=fact, actor=actor, now=now)


@transaction.atomic
def take_enrolments(*, members: Sequence[tuple[uuid.UUID, uuid.UUID]], now: datetime) -> None:
    """Grant what the tier brings with which each of several members (program, account) joined."""
    by_program: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for program_id, account_id in members:
        by_program[program_id].append(account_id)
    for program_id, accounts in by_program.items():
        plan = programs.get_plan(program_id, at=now)
        if any(tier.benefit_grants for tier in plan.tiers):
            grant_first_benefits(account_ids=accounts, terms=json.dumps(terms_for_sql(plan)), now=now)
