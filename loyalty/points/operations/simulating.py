"""What a purchase would earn and what points would be worth, with nothing written."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from loyalty.customers import api as customers
from loyalty.foundation.kernel.money import Money
from loyalty.ledger import api as ledger
from loyalty.points import policy, queries
from loyalty.points.contracts import (
    CapCount,
    EarnRequest,
    Key,
    MemberFacts,
    MemberRef,
    SimulatedWallet,
    SimulateRequest,
    Simulation,
    WalletVerdict,
)
from loyalty.points.errors import MemberNotNamed, MemberUnknown
from loyalty.points.operations.deciding import decide, told_trace
from loyalty.programs import api as programs
from loyalty.programs.contracts import WALLET_MAIN, ProgramPlan

NOBODY = uuid.UUID(int=0)
NO_KEY = Key(scope="simulation", key="", request_hash=b"")


def simulate(*, request: SimulateRequest, now: datetime) -> Simulation:
    """Decide about a sample purchase or event exactly as an earn would; the program may be a draft, saved or not.

    :raises ProgramNotFound, TierNotFound, MemberUnknown: nothing or nobody of that name.
    :raises MemberNotNamed: the member is named in two ways that could differ.
    :raises CurrencyMismatch, AmountInvalid, PurchaseRefused, RuleResultInvalid, RuleInvalid, CapReached: as an earn.
    """
    plan = _plan(request)
    if request.changes:
        plan = programs.try_changes(plan, request.changes)
    member = _member(plan, request)
    (member,) = queries.complete([(member, plan, request.occurred_at)], now=now)
    if request.segment_codes is not None:
        member = replace(member, segment_codes=request.segment_codes)
    # A draft is tried as if it were open.
    tried = replace(plan, status=programs.ProgramStatus.ACTIVE, start_date=None, end_date=None)
    verdict = decide(_request(request), tried, member, now)
    wallets = tuple(_granted(one, member) for one in verdict.wallets)
    main = wallets[0]
    after = programs.choose_tier(plan.tiers, member.points_lifetime + main.points_amount)
    value: Money | None = None
    if request.points_to_burn is not None:
        (member,) = queries.read_overdue([member], now=now)
        value, _ = policy.decide_burn(plan, member, request.points_to_burn, request.context, now)
    return Simulation(
        points_amount=main.points_amount,
        points_lost_to_caps=main.points_lost_to_caps,
        expires_at=main.expires_at,
        spendable_until=main.spendable_until,
        is_pending=main.is_pending,
        activates_at=main.activates_at,
        tier_code=member.tier_code,
        tier_code_after=after.code if after else None,
        value=value,
        trace=main.trace,
        wallets=wallets,
    )


def _plan(request: SimulateRequest) -> ProgramPlan:
    if request.program_id is None:
        return programs.blank_plan(currency=request.currency, timezone=request.timezone)
    if request.program_version is None:
        return programs.get_plan(request.program_id, at=request.occurred_at)
    history = programs.list_plan_history(request.program_id)
    found = next((plan for _, plan in history if plan.version_number == request.program_version), None)
    if found is None:
        raise programs.ProgramNotFound(f"The program has no version {request.program_version}.")
    return found


def _request(request: SimulateRequest) -> EarnRequest:
    return EarnRequest(
        member=MemberRef(),
        key=NO_KEY,
        occurred_at=request.occurred_at,
        amount=request.amount,
        currency=request.currency,
        context=request.context,
        event_type=request.event_type,
    )


def _granted(verdict: WalletVerdict, member: MemberFacts) -> SimulatedWallet:
    """Count the caps of periods as the ledger would, by what is used of them now."""
    # What earns nothing is not counted, as it is not posted.
    caps = verdict.caps if verdict.points else ()
    parts, results = policy.apply_caps(verdict.parts, caps, _used(caps, verdict.wallet, member))
    granted = sum(part.points for part in parts)
    trace = told_trace(verdict.trace, granted, results)
    return SimulatedWallet(
        wallet=verdict.wallet,
        points_amount=granted,
        points_lost_to_caps=trace["points_lost_to_caps"],
        expires_at=verdict.expires_at if granted else None,
        spendable_until=verdict.spendable_until if granted else None,
        is_pending=verdict.is_pending,
        activates_at=verdict.activates_at,
        trace=trace,
    )


def _used(caps: Sequence[CapCount], wallet: str, member: MemberFacts) -> Mapping[tuple[str, date | None], int]:
    if not caps:
        return {}
    account_id = member.account_id
    if wallet != WALLET_MAIN:
        found = ledger.find_account(owner_ref=member.customer_id, program_ref=member.program_id, wallet=wallet)
        account_id = found.account_id if found else NOBODY
    own = ledger.list_cap_usage(account_id) if account_id != NOBODY else []
    refs = [cap.ref for cap in caps if cap.is_shared]
    shared = ledger.list_shared_cap_usage(refs) if refs else []
    return {(one.cap_ref, one.window_start): one.units_used for one in [*own, *shared]}


def _member(plan: ProgramPlan, request: SimulateRequest) -> MemberFacts:
    names = (request.account_id, request.customer_id, request.customer_ref or None)
    if sum(name is not None for name in names) > 1:
        raise MemberNotNamed("Name an account, or a customer by one of its names.")
    if request.account_id is not None:
        seen = queries.list_seen([request.account_id]).get(request.account_id)
        if seen is None or seen.member.program_id != plan.program_id:
            raise MemberUnknown("This program has no such account.")
        return seen.member
    if request.customer_id is None and not request.customer_ref:
        return _newcomer(plan, request)
    customer = customers.find_customer(customer_id=request.customer_id, customer_ref=request.customer_ref)
    if customer is None:
        raise MemberUnknown("There is no such customer.")
    pair = (customer.id, plan.program_id)
    seen = queries.list_seen_of([pair]).get(pair) if request.program_id is not None else None
    if seen is not None:
        return seen.member
    return replace(_newcomer(plan, request), customer_id=customer.id, customer_ref=customer.customer_ref)


def _newcomer(plan: ProgramPlan, request: SimulateRequest) -> MemberFacts:
    """Give someone who joins with this purchase, in the tier and with the points that the request names."""
    named = plan.tiers_by_code.get(request.tier_code or "")
    if request.tier_code and named is None:
        raise programs.TierNotFound(f"The program has no tier {request.tier_code[:50]}.")
    lifetime = request.points_lifetime
    if lifetime is None:
        lifetime = named.min_points if named else 0
    tier = named or programs.choose_tier(plan.tiers, lifetime)
    return MemberFacts(
        account_id=NOBODY,
        customer_id=NOBODY,
        customer_ref="",
        program_id=plan.program_id,
        tier_code=tier.code if tier else None,
        points_available=0,
        points_posted=0,
        points_lifetime=lifetime,
        status="ACTIVE",
        enrolled_at=request.occurred_at,
    )
