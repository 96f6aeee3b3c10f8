"""Registers points with Django, its reaction to purchases, and its part of the view of a customer."""

from typing import ClassVar

from django.apps import AppConfig


class PointsConfig(AppConfig):
    """The verbs by which points move."""

    name = "loyalty.points"
    label = "points"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See accounts, transactions and statements",
        "earn": "Have members earn points for purchases",
        "earn_direct": "Give members points without a purchase",
        "burn": "Redeem members' points",
        "reverse": "Reverse transactions, wholly, in part or by line",
        "transfer": "Transfer points between members",
        "adjust": "Adjust members' points with a reason code",
        "adjust_unlimited": "Adjust by more points than the program lets pass without approval",
        "hold": "Hold points, capture and release them",
        "confirm": "Confirm and cancel pending points",
        "expire": "Expire points that are due",
        "reinstate": "Give expired points back",
        "import": "Import members with their opening points",
        "reconcile": "Have the book reconciled",
        "prove": "Prove the whole ledger",
        "pools.view": "See households and their members",
        "pools.manage": "Make and close households, take members in and let them go",
    }

    def ready(self) -> None:
        """Subscribe to what has members earn, take the runs, and contribute accounts to the view of a customer."""
        from loyalty.customers import api as customers
        from loyalty.features import api as features
        from loyalty.foundation.approvals import api as approvals
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.events import api as events
        from loyalty.foundation.web import scoping
        from loyalty.foundation.work import api as work
        from loyalty.points import handlers, queries
        from loyalty.points.operations import adjusting, bulk, expiring, importing, merging, reconciling
        from loyalty.points.queries.facts import ARABIC, EVENT_TYPES, FACTS
        from loyalty.points.queries.places import PLACES

        events.subscribe(
            "customer.purchase", name="points.on_customer_purchase", handler=handlers.on_customer_purchase,
            take_set=handlers.on_customer_purchases,
        )  # fmt: skip
        events.subscribe("customer.referred", name="points.on_customer_referred", handler=handlers.on_customer_referred)
        events.subscribe("member.left", name="points.on_member_left", handler=handlers.on_member_left)
        events.subscribe(
            "member.enrolled", name="points.on_member_enrolled", handler=handlers.on_member_enrolled,
            take_set=handlers.on_members_enrolled,
        )  # fmt: skip
        events.subscribe_to_each(
            queries.list_event_types, name="points.on_earning_event", handler=handlers.on_earning_event,
            take_set=handlers.on_earning_events,
        )  # fmt: skip
        for kind, (resolver, names) in PLACES.items():
            scoping.register_kind(kind, resolver, names=names)
        customers.register_overview_part("account", queries.overview_part)
        customers.register_merging("points", merging.merge)
        features.register_platform_facts(FACTS)
        for event_type in EVENT_TYPES:
            features.register_event_type(event_type)
        features.register_words("ar", ARABIC)
        approvals.register_subject(
            approvals.Subject(
                kind=adjusting.KIND, title="Adjustment of points", permission="points.adjust", apply=adjusting.apply,
                describe=adjusting.describe, words=adjusting.WORDS, is_still_valid=adjusting.is_still_valid,
                amount_unit="points",
            )
        )  # fmt: skip
        approvals.register_subject(
            approvals.Subject(
                kind=bulk.KIND, title="Points for many at once", permission="points.earn", apply=bulk.apply,
                describe=bulk.describe, words=bulk.WORDS, is_still_valid=bulk.is_still_valid, amount_unit="points",
                permission_of=bulk.permission_of,
            )
        )  # fmt: skip
        audit.register_link("account", "/accounts/{ref}")
        for runs in (expiring, importing, reconciling):
            work.register(runs.RUN_KIND, runs.execute)
