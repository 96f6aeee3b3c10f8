"""What is wrong with the terms of a program: each field by itself, and the fields that belong together.

Every problem names its place as the document is written (``caps.1.limit``) and has a code that stays the same.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.money import AMOUNT_MAX
from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.programs.contracts import (
    WALLET_MAIN,
    ActivationKind,
    BenefitKind,
    CapMeasure,
    CapPeriod,
    CapPlan,
    CapScope,
    EarnRulePlan,
    ExpiryKind,
    ExpiryPlan,
    ProgramDocument,
    TierDocument,
    TierEffect,
    TierPolicyPlan,
    TierQualifier,
    TierWindow,
    TransferPlan,
    WalletKind,
)
from loyalty.programs.policy.calendar import read_month_day
from loyalty.programs.policy.windows import has_periods

Problems = Iterator[FieldProblem]

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+){0,5}")
# More of any of these is a program that nobody can read any more.
LIST_MAX = 200
# A hundred years; a larger number is a mistake in units.
DAYS_MAX = 100 * 366
MONTHS_MAX = 1200
WEEKDAYS = range(1, 8)
HOURS = range(24)
PERCENT_MAX = Decimal(100)


def find_term_problems(document: ProgramDocument) -> list[FieldProblem]:
    """Give everything that is wrong with the terms of a document; its rules in JSONLogic are checked elsewhere."""
    parts: tuple[Callable[[ProgramDocument], Problems], ...] = (
        _earn_rules, _earn_base, _activation, _caps, _expiry, _burn, _transfer, _reversal, _adjustment, _wallets,
        _tier_policy, _referral, _point_value, _benefits,
    )  # fmt: skip
    return [problem for part in parts for problem in part(document)]


def _between(place: str, value: int | None, low: int, high: int) -> Problems:
    if value is not None and not low <= value <= high:
        yield FieldProblem(place, "out_of_range", f"This lies between {low} and {high}.")


def _points(place: str, value: int | None, low: int = 0) -> Problems:
    return _between(place, value, low, POINTS_MAX)


def _coded(place: str, rows: Sequence[Any]) -> Problems:
    """Look at a list whose rows have codes: not too long, each code well formed and there once."""
    if len(rows) > LIST_MAX:
        yield FieldProblem(place, "program.too_many", f"At most {LIST_MAX} are allowed here.")
    seen: set[str] = set()
    for position, row in enumerate(rows):
        if not CODE.fullmatch(row.code):
            yield FieldProblem(
                f"{place}.{position}.code", "program.code_invalid", "A code has 1 to 50 letters, digits, _ or -."
            )
        if row.code.casefold() in seen:
            yield FieldProblem(f"{place}.{position}.code", "program.code_duplicate", f"Two are called {row.code}.")
        seen.add(row.code.casefold())


def _known_tiers(place: str, codes: Sequence[str], tiers: Sequence[TierDocument]) -> Problems:
    known = {tier.code for tier in tiers}
    for position, code in enumerate(codes):
        if code not in known:
            yield FieldProblem(f"{place}.{position}", "program.tier_unknown", f"There is no tier {code[:50]}.")


def _earn_rules(document: ProgramDocument) -> Problems:
    yield from _coded("earn_rules", document.earn_rules)
    wallets = {wallet.code for wallet in document.wallets}
    for position, rule in enumerate(document.earn_rules):
        place = f"earn_rules.{position}"
        if rule.rule is None:
            yield FieldProblem(f"{place}.rule", "program.rule_missing", "A way to earn says how many points it gives.")
        if not EVENT_TYPE.fullmatch(rule.event_type) or len(rule.event_type) > 100:
            yield FieldProblem(f"{place}.event_type", "program.event_type_invalid", "This is no type of an event.")
        if rule.wallet not in wallets:
            yield FieldProblem(f"{place}.wallet", "program.wallet_unknown", f"There is no wallet {rule.wallet[:50]}.")
        yield from _between(f"{place}.priority", rule.priority, 0, 1000)
        yield from _known_tiers(f"{place}.tier_codes", rule.tier_codes, document.tiers)
        yield from _rule_times(place, rule)


def _rule_times(place: str, rule: EarnRulePlan) -> Problems:
    for position, weekday in enumerate(rule.weekdays):
        if weekday not in WEEKDAYS:
            yield FieldProblem(f"{place}.weekdays.{position}", "program.weekday_invalid", "A weekday is 1 to 7.")
    if len(set(rule.weekdays)) < len(rule.weekdays):
        yield FieldProblem(f"{place}.weekdays", "program.weekday_duplicate", "A weekday stands here twice.")
    for name, hour in (("hour_from", rule.hour_from), ("hour_until", rule.hour_until)):
        if hour is not None and hour not in HOURS:
            yield FieldProblem(f"{place}.{name}", "program.hour_invalid", "An hour is 0 to 23.")
    if rule.hour_from is None and rule.hour_until == 0:
        yield FieldProblem(f"{place}.hour_until", "program.hours_empty", "These hours never come.")
    if rule.starts_on and rule.ends_on and rule.ends_on < rule.starts_on:
        yield FieldProblem(f"{place}.ends_on", "program.dates_out_of_order", "The end lies before the start.")


def _earn_base(document: ProgramDocument) -> Problems:
    base = document.earn_base
    for name in ("excluded_categories", "excluded_products", "excluded_channels"):
        listed: tuple[str, ...] = getattr(base, name)
        if len(listed) > LIST_MAX:
            yield FieldProblem(f"earn_base.{name}", "program.too_many", f"At most {LIST_MAX} are allowed here.")
        for position, value in enumerate(listed):
            if not value.strip():
                yield FieldProblem(f"earn_base.{name}.{position}", "blank", "This may not be empty.")


def _activation(document: ProgramDocument) -> Problems:
    activation = document.activation
    if activation.kind is ActivationKind.AFTER_DAYS and activation.days is None:
        yield FieldProblem("activation.days", "program.days_missing", "Say after how many days.")
    yield from _between("activation.days", activation.days, 1, DAYS_MAX)


def _caps(document: ProgramDocument) -> Problems:
    yield from _coded("caps", document.caps)
    rules = {rule.code for rule in document.earn_rules}
    for position, cap in enumerate(document.caps):
        place = f"caps.{position}"
        yield from _cap_limit(f"{place}.limit", cap, document.point_value)
        if cap.rule_code and cap.rule_code not in rules:
            yield FieldProblem(f"{place}.rule_code", "program.rule_unknown", f"There is no rule {cap.rule_code[:50]}.")
        if cap.period is CapPeriod.TRANSACTION and cap.scope is not CapScope.MEMBER:
            yield FieldProblem(f"{place}.scope", "program.scope_invalid", "One transaction is one member's.")
        yield from _known_tiers(f"{place}.tier_codes", cap.tier_codes, document.tiers)


def _cap_limit(place: str, cap: CapPlan, point_value: Decimal | None) -> Problems:
    if cap.measure is CapMeasure.MONEY:
        if point_value is None:
            yield FieldProblem("point_value", "program.point_value_missing", "A budget of money needs a point's cost.")
        if not cap.limit.is_finite() or not 0 < cap.limit <= AMOUNT_MAX:
            yield FieldProblem(place, "out_of_range", f"This is above 0, at most {AMOUNT_MAX}.")
    elif not cap.limit.is_finite() or not 1 <= cap.limit <= POINTS_MAX:
        yield FieldProblem(place, "out_of_range", f"A cap lies between 1 and {POINTS_MAX}.")
    elif cap.limit != cap.limit.to_integral_value():
        yield FieldProblem(place, "program.limit_not_whole", "Points are whole.")


def _expiry(document: ProgramDocument) -> Problems:
    expiry = document.expiry
    yield from _between("expiry.days", expiry.days, 1, DAYS_MAX)
    yield from _between("expiry.months", expiry.months, 1, MONTHS_MAX)
    yield from _between("expiry.periods", expiry.periods, 1, MONTHS_MAX)
    yield from _between("expiry.grace_days_after", expiry.grace_days_after, 0, DAYS_MAX)
    for position, days in enumerate(expiry.warn_days_before):
        yield from _between(f"expiry.warn_days_before.{position}", days, 1, DAYS_MAX)
    if len(set(expiry.warn_days_before)) < len(expiry.warn_days_before):
        yield FieldProblem("expiry.warn_days_before", "program.days_duplicate", "A number of days stands here twice.")
    if expiry.kind is ExpiryKind.FIXED_DATE and not expiry.month_day:
        yield FieldProblem("expiry.month_day", "program.month_day_missing", "Say on which day, as MM-DD.")
    elif expiry.month_day and read_month_day(expiry.month_day) is None:
        yield FieldProblem("expiry.month_day", "program.month_day_invalid", "No year has this day; write MM-DD.")
    yield from _ages(expiry)
    known = {tier.code for tier in document.tiers}
    for code in expiry.tier_overrides:
        if code not in known:
            yield FieldProblem(
                f"expiry.tier_overrides.{code}", "program.tier_unknown", f"There is no tier {code[:50]}."
            )


def _ages(expiry: ExpiryPlan) -> Problems:
    """Points that go by age or inactivity have days or months, and so has each tier that differs."""
    goes_by_age = expiry.kind in (ExpiryKind.AGE, ExpiryKind.INACTIVITY)
    if goes_by_age:
        yield from _one_of("expiry", expiry.days, expiry.months)
    for code, override in expiry.tier_overrides.items():
        place = f"expiry.tier_overrides.{code}"
        if not goes_by_age:
            yield FieldProblem(place, "program.override_useless", "Tiers differ only where points go by age.")
        yield from _one_of(place, override.days, override.months)
        yield from _between(f"{place}.days", override.days, 1, DAYS_MAX)
        yield from _between(f"{place}.months", override.months, 1, MONTHS_MAX)


def _one_of(place: str, days: int | None, months: int | None) -> Problems:
    if days is None and months is None:
        yield FieldProblem(f"{place}.days", "program.days_missing", "Say how many days or months.")
    if days is not None and months is not None:
        yield FieldProblem(f"{place}.months", "program.days_and_months", "Say days or months, not both.")


def _burn(document: ProgramDocument) -> Problems:
    burn = document.burn
    yield from _points("burn.points_min", burn.points_min, 1)
    yield from _points("burn.points_step", burn.points_step, 1)
    yield from _points("burn.points_max", burn.points_max, 1)
    if burn.points_max is None or burn.points_step < 1:
        return
    if burn.points_max < burn.points_min:
        yield FieldProblem("burn.points_max", "program.points_out_of_order", "The most is less than the least.")
    elif burn.points_max // burn.points_step * burn.points_step < burn.points_min:
        yield FieldProblem("burn.points_step", "program.step_fits_never", "No step lies between least and most.")


def _transfer(document: ProgramDocument) -> Problems:
    transfer = document.transfer
    yield from _points("transfer.points_min", transfer.points_min, 1)
    for name in ("points_max", "points_daily", "points_monthly"):
        limit: int | None = getattr(transfer, name)
        yield from _points(f"transfer.{name}", limit, 1)
        if limit is not None and limit < transfer.points_min:
            yield FieldProblem(f"transfer.{name}", "program.points_out_of_order", "The most is less than the least.")
    yield from _points("transfer.fee_points", transfer.fee_points)
    yield from _fee_percent(transfer)
    yield from _between("transfer.account_age_days_min", transfer.account_age_days_min, 0, DAYS_MAX)


def _fee_percent(transfer: TransferPlan) -> Problems:
    if not transfer.fee_percent.is_finite() or not 0 <= transfer.fee_percent <= PERCENT_MAX:
        yield FieldProblem("transfer.fee_percent", "out_of_range", f"This lies between 0 and {PERCENT_MAX}.")


def _reversal(document: ProgramDocument) -> Problems:
    return _between("reversal.reinstate_days", document.reversal.reinstate_days, 0, DAYS_MAX)


def _adjustment(document: ProgramDocument) -> Problems:
    yield from _coded("adjustment.reason_codes", document.adjustment.reason_codes)
    yield from _points("adjustment.points_max_without_approval", document.adjustment.points_max_without_approval)


def _wallets(document: ProgramDocument) -> Problems:
    yield from _coded("wallets", document.wallets)
    main = [(position, wallet) for position, wallet in enumerate(document.wallets) if wallet.code == WALLET_MAIN]
    if not main:
        yield FieldProblem("wallets", "program.wallet_main_missing", f"Every program has the wallet {WALLET_MAIN}.")
    for position, wallet in main:
        if wallet.kind is not WalletKind.REDEEMABLE:
            yield FieldProblem(
                f"wallets.{position}.kind", "program.wallet_main_kind", "Points of the main wallet can be redeemed."
            )


def _tier_policy(document: ProgramDocument) -> Problems:
    policy = document.tier_policy
    if policy.qualifier is TierQualifier.RULE and policy.rule is None:
        yield FieldProblem("tier_policy.rule", "program.rule_missing", "Say by which rule.")
    yield from _between("tier_policy.rolling_months", policy.rolling_months, 1, MONTHS_MAX)
    yield from _between("tier_policy.cycle_months", policy.cycle_months, 1, MONTHS_MAX)
    yield from _between("tier_policy.grace_days", policy.grace_days, 0, DAYS_MAX)
    yield from _window_fields(policy)
    if policy.effect is TierEffect.NEXT_PERIOD and not has_periods(policy):
        yield FieldProblem("tier_policy.effect", "program.effect_needs_period", "This window has no next period.")


def _window_fields(policy: TierPolicyPlan) -> Problems:
    if policy.window is TierWindow.ROLLING and policy.rolling_months is None:
        yield FieldProblem("tier_policy.rolling_months", "program.months_missing", "Say how many months.")
    if policy.window is TierWindow.CYCLE:
        if policy.cycle_months is None:
            yield FieldProblem("tier_policy.cycle_months", "program.months_missing", "Say how many months.")
        if not policy.cycle_start:
            yield FieldProblem("tier_policy.cycle_start", "program.month_day_missing", "Say on which day, as MM-DD.")
    if policy.cycle_start and read_month_day(policy.cycle_start) is None:
        yield FieldProblem("tier_policy.cycle_start", "program.month_day_invalid", "No year has this day; write MM-DD.")


def _referral(document: ProgramDocument) -> Problems:
    yield from _points("referral.referrer_points", document.referral.referrer_points)
    yield from _points("referral.referee_points", document.referral.referee_points)


def _point_value(document: ProgramDocument) -> Problems:
    value = document.point_value
    if value is not None and (not value.is_finite() or not 0 < value <= AMOUNT_MAX):
        yield FieldProblem("point_value", "out_of_range", f"This is above 0, at most {AMOUNT_MAX}.")


def _benefits(document: ProgramDocument) -> Problems:
    for place, tier in enumerate(document.tiers):
        yield from _coded(f"tiers.{place}.benefit_grants", tier.benefit_grants)
        for position, grant in enumerate(tier.benefit_grants):
            least = 1 if grant.kind is BenefitKind.POINTS else 0
            yield from _points(f"tiers.{place}.benefit_grants.{position}.points", grant.points, least)
