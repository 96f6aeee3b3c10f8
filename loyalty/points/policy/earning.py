"""What a purchase or another event earns, wallet by wallet.

The order is base, rules by priority with their stacking, the tier's multiplier, bonuses, one rounding down, caps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.foundation.rules import api as rules
from loyalty.points.contracts import (
    CapCount,
    EarnFacts,
    EarnModifier,
    EarnVerdict,
    MemberFacts,
    Part,
    Purchase,
    WalletVerdict,
)
from loyalty.points.errors import RuleResultInvalid
from loyalty.points.policy.base import Base, base_of, base_trace, read_purchase
from loyalty.points.policy.caps import apply_caps, caps_for
from loyalty.points.policy.checks import tier_of
from loyalty.points.policy.facts import rule_facts
from loyalty.points.policy.matching import Circumstances, compiled, mismatch
from loyalty.points.policy.trace import jsonable, number_of, plain, steps_of, tier_named, version_of
from loyalty.programs.api import ProgramPlan, TierPlan, expiry_of, local_time
from loyalty.programs.contracts import (
    EVENT_PURCHASE,
    WALLET_MAIN,
    ActivationKind,
    EarnRuleKind,
    EarnRulePlan,
    OncePer,
    Stacking,
)

ZERO = Decimal(0)
# Facts that are told only where they say something; each of the traces is kept for ever.
IDLE = frozenset({"tax_amount", "fee_amount", "points_paid_amount", "segment_codes", "purchase_count"})
ONE = Decimal(1)


@dataclass(slots=True)
class Asked:
    """A rule that was asked: why it does not apply (if so), its steps, and what it gives before and after the tier."""

    rule: EarnRulePlan
    reason: str
    steps: list[dict[str, Any]]
    points: Decimal | None
    multiplier: Decimal
    is_counted: bool = False

    @property
    def exact(self) -> Decimal:
        """The exact points after the tier's multiplier."""
        return (self.points or ZERO) * self.multiplier

    @property
    def gives(self) -> bool:
        """Whether it applies and gives anything."""
        return not self.reason and bool(self.points)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the wallets of one decision share."""

    facts: EarnFacts
    purchase: Purchase
    base: Base
    told: dict[str, Any]
    tier: TierPlan | None
    now: datetime

    @property
    def plan(self) -> ProgramPlan:
        """The version that counts."""
        return self.facts.plan


def decide_earn(facts: EarnFacts, modifiers: Sequence[EarnModifier], now: datetime) -> EarnVerdict:
    """Decide what a purchase or an event earns before caps.

    :raises PurchaseRefused: the parts of the purchase do not add up.
    :raises RuleResultInvalid: a rule or a modifier gives no possible number of points.
    :raises RuleFault: a rule cannot be computed with these facts.
    """
    purchase = read_purchase(facts.amount, facts.context)
    base = base_of(facts.plan.earn_base, purchase)
    told = rule_facts(facts, purchase, base)
    about = Situation(facts, purchase, base, told, tier_of(facts.plan, facts.member), now)
    asked = list(_ask(about))
    wallets = [WALLET_MAIN, *dict.fromkeys(one.rule.wallet for one in asked if one.rule.wallet != WALLET_MAIN)]
    verdicts = [
        _decide_wallet(about, wallet, [one for one in asked if one.rule.wallet == wallet], modifiers)
        for wallet in wallets
    ]
    return EarnVerdict(wallets=(verdicts[0], *(verdict for verdict in verdicts[1:] if verdict.points)))


def decide_direct(
    plan: ProgramPlan,
    member: MemberFacts,
    points: int,
    occurred_at: datetime,
    *,
    wallet: str = WALLET_MAIN,
    is_capped: bool = True,
) -> EarnVerdict:
    """Decide about points given without a purchase: no rule, no multiplier, but the caps count them too.

    :param is_capped: false for what is promised in full, such as a tier's benefit; it takes no room under caps either.
    """
    tier = tier_of(plan, member)
    trace = {
        **version_of(plan),
        "wallet": wallet,
        "rules": [],
        "tier": tier_named(tier),
        "exact_points": str(points),
        "points_before_caps": points,
        "reason": "given_directly",
    }
    parts = (Part(code="direct", points=points),)
    counted = plan if is_capped else replace(plan, caps=())
    verdict = _verdict(counted, member, wallet, parts, occurred_at, trace, tier=tier, partner_ref="")
    return EarnVerdict(wallets=(verdict,))


def round_points(exact: Decimal) -> int:
    """Round down to whole points, the one rounding of an earn.

    :raises RuleResultInvalid: negative, not finite, or more points than the ledger counts.
    """
    if not exact.is_finite() or not 0 <= exact <= POINTS_MAX:
        raise RuleResultInvalid(f"A purchase earns between 0 and {POINTS_MAX} points.", result=str(exact)[:60])
    return int(exact.to_integral_value(rounding=ROUND_DOWN))


def round_parts(exact: Sequence[tuple[str, Decimal]]) -> tuple[Part, ...]:
    """Round parts down as they add up, so that together they are the sum rounded down once.

    :raises RuleResultInvalid: a part or the sum is no possible number of points.
    """
    given, upto, parts = 0, ZERO, []
    for code, points in exact:
        round_points(points)
        upto += points
        total = round_points(upto)
        parts.append(Part(code=code, points=total - given))
        given = total
    return tuple(parts)


def _ask(about: Situation) -> Iterator[Asked]:
    """Ask each rule for the event, in order of priority; a purchase of which nothing counts asks none."""
    plan, facts = about.plan, about.facts
    at = Circumstances(
        local=local_time(plan, facts.occurred_at),
        tier_code=about.tier.code if about.tier else None,
        segment_codes=facts.member.segment_codes,
        partner_ref=about.purchase.partner_ref,
        rules_given=facts.member.rules_given,
    )
    named = [pair for pair in compiled(plan).rules if pair[0].event_type == facts.event_type]
    multiplier = about.tier.multiplier if about.tier else ONE
    is_worthless = facts.event_type == EVENT_PURCHASE and not about.base.eligible_amount
    for rule, checked in named:
        is_multiplied = rule.is_multiplied and rule.kind is EarnRuleKind.BASE
        asked = Asked(rule, mismatch(rule, at), [], None, multiplier if is_multiplied else ONE)
        if is_worthless:
            asked.reason = about.base.reason or "nothing_eligible"
        elif not asked.reason and checked is not None:
            outcome = rules.explain(checked, about.told, now=about.now)
            asked.points, asked.steps = number_of(outcome.value), steps_of(rule.rule, outcome)
            round_points(asked.exact)
            asked.reason = "" if asked.points else "gives_nothing"
        yield asked


def count_rules(asked: Sequence[Asked], stacking: Stacking) -> None:
    """Mark the rules that count: every bonus, and of the base rules all, the most generous or the first."""
    giving = [one for one in asked if one.gives]
    base = [one for one in giving if one.rule.kind is EarnRuleKind.BASE]
    if stacking is Stacking.FIRST:
        base = base[:1]
    elif stacking is Stacking.BEST and base:
        base = [max(base, key=lambda one: one.exact)]  # of equals the first by priority
    for one in giving:
        one.is_counted = one.rule.kind is EarnRuleKind.BONUS or any(one is other for other in base)
        one.reason = "" if one.is_counted else "other_rule_counts"


def _decide_wallet(
    about: Situation, wallet: str, asked: Sequence[Asked], modifiers: Sequence[EarnModifier]
) -> WalletVerdict:
    facts = about.facts
    count_rules(asked, about.plan.stacking)
    counted = [one for one in asked if one.is_counted]
    base_rules = [one for one in counted if one.rule.kind is EarnRuleKind.BASE]
    base = sum((one.points or ZERO for one in base_rules), ZERO)
    multiplied = sum((one.exact for one in base_rules), ZERO)
    bonus_rules = [one for one in counted if one.rule.kind is EarnRuleKind.BONUS]
    # Modifiers give points of the main wallet for purchases.
    is_modified = wallet == WALLET_MAIN and facts.event_type == EVENT_PURCHASE and not about.base.reason
    bonuses = [bonus for modifier in modifiers for bonus in modifier(facts, base, multiplied)] if is_modified else []
    parts = round_parts(
        [
            *((one.rule.code, one.exact) for one in base_rules),
            *((one.rule.code, one.exact) for one in bonus_rules),
            *((f"modifier:{bonus.code}", bonus.points) for bonus in bonuses),
        ]
    )
    points = sum(part.points for part in parts)
    exact = sum((bonus.points for bonus in bonuses), sum((one.exact for one in counted), ZERO))
    trace = {
        **version_of(about.plan),
        "wallet": wallet,
        "facts": {name: jsonable(value) for name, value in about.told.items() if name not in IDLE or value},
        "base": base_trace(about.base, points),
        "rules": [_rule_trace(one) for one in asked],
        "stacking": about.plan.stacking.value,
        "base_points": plain(base) if any(one.points is not None for one in asked) else None,
        "tier": tier_named(about.tier),
        "multiplier": plain(about.tier.multiplier if about.tier else ONE),
        "bonuses": [
            *({"code": one.rule.code, "points": plain(one.exact), "words": one.rule.name} for one in bonus_rules),
            *({"code": bonus.code, "points": plain(bonus.points), "words": bonus.words} for bonus in bonuses),
        ],
        "exact_points": plain(exact),
        "rounding": "down",
        "points_before_caps": points,
        "reason": _reason(about, asked, counted, bonuses, points),
    }
    verdict = _verdict(
        about.plan, facts.member, wallet, parts, facts.occurred_at, trace,
        tier=about.tier, partner_ref=about.purchase.partner_ref,
        rules_once=tuple(one.rule.code for one in counted if one.rule.once_per is OncePer.MEMBER),
    )  # fmt: skip
    return with_activation(about.plan, facts, verdict, about.now)


def _rule_trace(one: Asked) -> dict[str, Any]:
    return {
        "code": one.rule.code,
        "name": one.rule.name,
        "kind": one.rule.kind.value,
        "is_matched": one.points is not None,
        "reason": one.reason,
        "steps": one.steps,
        "points": None if one.points is None else plain(one.points),
        "multiplier": plain(one.multiplier),
        "is_counted": one.is_counted,
    }


def _reason(
    about: Situation, asked: Sequence[Asked], counted: Sequence[Asked], bonuses: Sequence[Any], points: int
) -> str:
    if points:
        return ""
    if counted or bonuses:
        return "below_one_point"
    if about.base.reason:
        return about.base.reason
    return "rule_gives_nothing" if any(one.reason == "gives_nothing" for one in asked) else "no_rule_applies"


def _verdict(
    plan: ProgramPlan,
    member: MemberFacts,
    wallet: str,
    parts: tuple[Part, ...],
    occurred_at: datetime,
    trace: dict[str, Any],
    *,
    tier: TierPlan | None,
    partner_ref: str,
    rules_once: tuple[str, ...] = (),
) -> WalletVerdict:
    """Add the caps and the end of the points' life to what was decided; caps of the transaction cut at once."""
    tier_code = tier.code if tier else None
    caps = caps_for(
        plan, member, wallet=wallet, parts=parts, at=occurred_at, partner_ref=partner_ref, tier_code=tier_code
    )
    at_once = [cap for cap in caps if cap.window_start is None]
    left, results = apply_caps(parts, at_once, {}) if at_once else (parts, ())
    points = sum(part.points for part in left)
    if not points and not trace["reason"]:
        trace["reason"] = "caps_leave_nothing"
    if at_once:
        trace["points_posted"] = points  # what is left for the caps of periods to cut
    ends, until = expiry_of(plan, occurred_at, tier_code)
    granted = {(cap.code, cap.part): (one.asked, one.granted) for cap, one in zip(at_once, results, strict=True)}
    trace["caps"] = [_cap_trace(cap, granted.get((cap.code, cap.part))) for cap in caps]
    trace["expiry"] = {
        "kind": plan.expiry.kind.value,
        "expires_at": ends.isoformat() if ends else None,
        "spendable_until": until.isoformat() if until else None,
    }
    return WalletVerdict(
        wallet=wallet,
        points=points,
        parts=left,
        caps=tuple(cap for cap in caps if cap.window_start is not None),
        expires_at=ends,
        spendable_until=until,
        is_pending=False,
        activates_at=None,
        rules_once=rules_once,
        trace=trace,
    )


def _cap_trace(cap: CapCount, counted: tuple[int, int] | None) -> dict[str, Any]:
    """Tell a cap as JSON; what those of periods grant is known when the ledger has counted them."""
    return {
        "code": cap.code,
        "ref": cap.ref,
        "period": cap.period,
        "scope": cap.scope,
        "rule_code": cap.part or "",
        "window_start": cap.window_start.isoformat() if cap.window_start else None,
        **({"asked": counted[0], "granted": counted[1]} if counted else {}),
    }


def with_activation(plan: ProgramPlan, facts: EarnFacts, verdict: WalletVerdict, now: datetime) -> WalletVerdict:
    """Let the points of a purchase wait as the program says; a wait that is over already is none."""
    if plan.activation.kind is ActivationKind.IMMEDIATE or facts.event_type != EVENT_PURCHASE:
        return verdict
    is_timed = plan.activation.kind is ActivationKind.AFTER_DAYS
    at = facts.occurred_at + timedelta(days=plan.activation.days or 0) if is_timed else None
    if at is not None and at <= now:
        return verdict
    verdict.trace["activation"] = {
        "kind": plan.activation.kind.value,
        "activates_at": at.isoformat() if at else None,
    }
    return replace(verdict, is_pending=True, activates_at=at)
