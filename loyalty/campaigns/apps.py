"""Registers campaigns with Django."""

from typing import ClassVar

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns, triggers, occurrences."""

    name = "loyalty.campaigns"
    label = "campaigns"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See campaigns, executions and performance",
        "create": "Create campaigns",
        "change": "Change campaigns",
        "delete": "Delete drafts",
        "activate": "Activate and end campaigns",
        "pause": "Pause campaigns",
        "trigger": "Trigger a campaign by hand",
        "test_send": "Send a campaign to an address of one's own",
    }

    def ready(self) -> None:
        """Register triggers, the run, the facts that are listened to and the use of segments."""
        from loyalty.campaigns import handlers, queries
        from loyalty.campaigns.kinds import event, registry, schedule, threshold
        from loyalty.campaigns.operations import life
        from loyalty.campaigns.operations.fan_out import RUN_KIND, fan_out_run
        from loyalty.features import api as features
        from loyalty.foundation.approvals import api as approvals
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.events import api as events
        from loyalty.foundation.web import scoping
        from loyalty.foundation.work import api as work
        from loyalty.segments import api as segments

        for kind in (event.EventTrigger(), schedule.ScheduleTrigger(), threshold.ThresholdTrigger()):
            registry.register(kind)
        work.register(RUN_KIND, fan_out_run)
        for event_type in event.EVENT_FIELDS:
            name = "campaigns.on_" + event_type.replace(".", "_")
            events.subscribe(
                event_type, name=name, handler=handlers.on_fact, is_wanted=queries.is_event_awaited, rank=1
            )
        for event_type in handlers.CONVERTING:
            name = "campaigns.convert_on_" + event_type.replace(".", "_")
            events.subscribe(event_type, name=name, handler=handlers.on_conversion)
        approvals.register_subject(
            approvals.Subject(
                kind=life.KIND, title="Activation of a campaign", permission="campaigns.activate", apply=life.apply,
                describe=life.describe, is_still_valid=life.is_still_valid, amount_unit="customers",
            )
        )  # fmt: skip
        audit.register_link("campaign", "/campaigns/{ref}")
        scoping.register_kind("campaign", queries.list_places, names=("campaign", "campaign_id"))
        segments.register_usage("campaign", queries.list_usages_of_segment)
        features.register_platform_facts(queries.FACTS)
        for told in queries.EVENT_TYPES:
            features.register_event_type(told)
        features.register_words("ar", queries.ARABIC)
