"""Front door of points."""

from loyalty.ledger.api import prove, reconcile
from loyalty.points.contracts import (
    Bonus,
    BurnReceipt,
    BurnRequest,
    EarnFacts,
    EarnLine,
    EarnModifier,
    EarnReceipt,
    EarnRequest,
    ExpiryReport,
    Key,
    MemberFacts,
    MemberRef,
    ReverseReceipt,
    ReverseRequest,
    Simulation,
)
from loyalty.points.errors import (
    AmountInvalid,
    BurnRuleMissing,
    CurrencyMismatch,
    MemberNotNamed,
    MemberUnknown,
    NotAMember,
    OccurredAtRefused,
    RuleResultInvalid,
)
from loyalty.points.operations import (
    burn,
    earn,
    earn_batch,
    earn_for_purchase,
    enroll_members,
    expire_due,
    reverse,
)
from loyalty.points.operations.members import enroll_customer, resolve_member
from loyalty.points.operations.simulating import simulate
from loyalty.points.queries import find_member
from loyalty.points.registry import forget_earn_modifier, register_earn_modifier

__all__ = [
    "AmountInvalid",
    "Bonus",
    "BurnReceipt",
    "BurnRequest",
    "BurnRuleMissing",
    "CurrencyMismatch",
    "EarnFacts",
    "EarnLine",
    "EarnModifier",
    "EarnReceipt",
    "EarnRequest",
    "ExpiryReport",
    "Key",
    "MemberFacts",
    "MemberNotNamed",
    "MemberRef",
    "MemberUnknown",
    "NotAMember",
    "OccurredAtRefused",
    "ReverseReceipt",
    "ReverseRequest",
    "RuleResultInvalid",
    "Simulation",
    "burn",
    "earn",
    "earn_batch",
    "earn_for_purchase",
    "enroll_customer",
    "enroll_members",
    "expire_due",
    "find_member",
    "forget_earn_modifier",
    "prove",
    "reconcile",
    "register_earn_modifier",
    "resolve_member",
    "reverse",
    "simulate",
]
