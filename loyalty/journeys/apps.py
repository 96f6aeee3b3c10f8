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
        "start": "Lead a customer into a journey, and continue one that waits",
        "operate": "Move customers in a journey, or out of it",
    }

    def ready(self) -> None:
        """Register kinds of nodes and actions."""
        from loyalty.journeys.kinds import actions
        from loyalty.journeys.kinds.actions import protocol as action_protocol
        from loyalty.journeys.kinds.nodes import action, condition, end, protocol, split, start, wait

        for node in (
            start.StartNode(), action.ActionNode(), condition.ConditionNode(), wait.WaitNode(), split.SplitNode(),
            end.EndNode(),
        ):  # fmt: skip
            protocol.register(node)
        for one in actions.shipped():
            action_protocol.register(one)
