"""Writes of points: members, earns, burns, reversals, purchases from outside, expiry."""

from loyalty.points.operations.batches import earn_batch
from loyalty.points.operations.corrections import correct_earns
from loyalty.points.operations.earning import earn
from loyalty.points.operations.expiring import expire_due
from loyalty.points.operations.members import enroll_members
from loyalty.points.operations.purchases import earn_for_event, earn_for_purchase, earn_for_referral
from loyalty.points.operations.spending import burn, reverse

__all__ = [
    "burn",
    "correct_earns",
    "earn",
    "earn_batch",
    "earn_for_event",
    "earn_for_purchase",
    "earn_for_referral",
    "enroll_members",
    "expire_due",
    "reverse",
]
