"""Customers from the BSS, page by page; each page is one transaction, so a break loses nothing that was taken in."""

from collections.abc import Callable
from datetime import datetime

from loyalty.customers.contracts import UpsertReport
from loyalty.customers.kinds.xiva.client import configured_client
from loyalty.customers.kinds.xiva.mapping import record_of
from loyalty.customers.operations.upserting import upsert_many
from loyalty.foundation.kernel.actor import Actor

SOURCE = "xiva"


def import_from_xiva(
    *, actor: Actor, now: datetime, report: Callable[[int, int], None] = lambda done, total: None
) -> UpsertReport:
    """Take all customers of Xiva in, new and changed ones; ``report`` hears how many of how many after each page.

    :raises BssUnavailable: Xiva does not answer; what was taken in before stays.
    :raises BssAnswerInvalid: Xiva answers something else than it promises.
    """
    result, done = UpsertReport(), 0
    report(0, 0)
    for page, total in configured_client().pages():
        # The list may shift while it is read, so that a customer comes twice; the later word counts.
        records = {one.id: record_of(one) for one in page}
        result += upsert_many(list(records.values()), source=SOURCE, actor=actor, now=now)
        done += len(page)
        report(done, total if total is not None else done)
    return result
