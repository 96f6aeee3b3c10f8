"""Whom rules would select now, without writing anything: the number, and a few of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from loyalty.customers import api as customers
from loyalty.features import api as features
from loyalty.foundation.rules import api as rules
from loyalty.segments.contracts import Preview
from loyalty.segments.operations.definition import check_rules, read_limit
from loyalty.segments.operations.evaluating import Target, evaluate, pushed_predicate, streaming_customers
from loyalty.segments.operations.recalculation import limit_from
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.planning import plan_of
from loyalty.segments.queries import membership, world
from loyalty.warehouse import api as warehouse

SAMPLE_SIZE = 10


def preview(rules_json: Any, *, now: datetime, limit: Any = None, language: str = "en") -> Preview:
    """Count whom rules select now, with a small sample.

    :raises RuleInvalid: the rules mean nothing here.
    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    rule, checked = check_rules(rules_json), read_limit(limit)
    plan = plan_of(rule, world.warehouse_fields())
    spoken = world.schema(language)
    words = rules.say(rules.check(rules_json, spoken, "boolean"), spoken, language)
    if plan.rest or not plan.reads_warehouse or checked is not None:
        return _by_evaluating(rule, checked, words, now=now)
    source = features.source()
    if streaming_customers(plan, source):
        # Somebody bought what the warehouse does not know yet, so its own count would not be that of a recalculation.
        return _by_evaluating(rule, checked, words, now=now)
    predicate = pushed_predicate(plan, source, now=now)
    matched = func.count().filter(predicate)
    counts = source.connector.fetch_all(select(matched, func.count()).select_from(source.table))
    chosen = select(source.key).select_from(source.table).where(predicate).order_by(source.key).limit(SAMPLE_SIZE)
    found = [warehouse.customer_id_of(row[0]) for row in source.connector.fetch_all(chosen)]
    references = {customer.id: customer.customer_ref for customer in customers.list_customers(found)}
    return Preview(
        count=int(counts[0][0]),
        total=int(counts[0][1]),
        sample=tuple({"customer_id": str(one), "customer_ref": references.get(one, "")} for one in found),
        rules_in_words=words,
        as_of=source.reference_instant,
    )


def _by_evaluating(rule: rules.Rule, limit: dict[str, Any] | None, words: str, *, now: datetime) -> Preview:
    """Count what does not run in the warehouse alone."""
    selected = evaluate([Target("preview", rule, limit_from(limit))], now=now)["preview"]
    ids = bitmaps.ids_of(selected.bits)
    return Preview(
        count=int(ids.size),
        total=customers.count_customers(),
        sample=tuple(membership.public_ids_of(ids, limit=SAMPLE_SIZE)),
        rules_in_words=words,
        as_of=selected.as_of or now,
    )
