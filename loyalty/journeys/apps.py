"""Registers journeys with Django."""

from typing import ClassVar

from django.apps import AppConfig


class JourneysConfig(AppConfig):
    """Journeys, versions, executions."""

    name = "loyalty.journeys"
    label = "journeys"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See journeys, executions and analytics",
        "change": "Create journeys and change their drafts",
        "publish": "Publish a version and roll one back",
        "activate": "Activate, pause and archive journeys",
        "start": "Lead customers into a journey, one or many, and continue one that waits",
        "operate": "Move customers in a journey, or out of it",
    }

    def ready(self) -> None:
        """Register kinds of nodes and actions, and what journeys do for others."""
        from loyalty.customers import api as customers
        from loyalty.foundation.approvals import api as approvals
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.events import api as events
        from loyalty.foundation.web import scoping
        from loyalty.foundation.work import api as work
        from loyalty.journeys import api
        from loyalty.journeys.kinds import actions
        from loyalty.journeys.kinds.actions import protocol as action_protocol
        from loyalty.journeys.kinds.actions import start_journey
        from loyalty.journeys.kinds.nodes import action, condition, end, protocol, split, start, wait
        from loyalty.journeys.operations import erasing, merging, publishing, starting_many, starting_others
        from loyalty.journeys.queries import journeys
        from loyalty.segments import api as segments

        for node in (
            start.StartNode(), action.ActionNode(), condition.ConditionNode(), wait.WaitNode(), split.SplitNode(),
            end.EndNode(),
        ):  # fmt: skip
            protocol.register(node)
        for one in (*actions.shipped(), start_journey.StartJourney(starting_others.enter_set)):
            action_protocol.register(one)
        approvals.register_subject(
            approvals.Subject(
                kind=publishing.KIND, title="Publication of a journey", permission="journeys.publish",
                apply=publishing.apply, describe=publishing.describe, words=publishing.WORDS,
                is_still_valid=publishing.is_still_valid, amount_unit="customers",
            )
        )  # fmt: skip
        audit.register_link("journey", "/journeys/{ref}")
        customers.register_erasure("journeys", erasing.erase)
        customers.register_merging("journeys", merging.merge)
        events.ring_after_facts("journeys.listen", is_wanted=api.is_anything_awaited, read_until=api.get_position_read)
        scoping.register_kind("journey", journeys.list_places, names=("journey", "journey_id"))
        scoping.register_kind("journey_execution", journeys.list_places_of_executions, names=("execution_id",))
        work.register(starting_many.RUN_KIND, starting_many.execute)
        segments.register_usage("journey", journeys.list_usages_of_segment)
