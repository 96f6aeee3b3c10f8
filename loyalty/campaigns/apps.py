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
        from loyalty.campaigns import handlers
        from loyalty.campaigns.kinds import event, offers, registry, schedule, threshold
        from loyalty.campaigns.operations import life, merging
        from loyalty.campaigns.operations.fan_out import RUN_KIND, fan_out_run
        from loyalty.campaigns.operations.looking_back import look_back_run
        from loyalty.campaigns.queries import campaigns, facts
        from loyalty.customers import api as customers
        from loyalty.features import api as features
        from loyalty.foundation.approvals import api as approvals
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.events import api as events
        from loyalty.foundation.web import scoping
        from loyalty.foundation.work import api as work
        from loyalty.segments import api as segments

        for kind in (event.EventTrigger(), schedule.ScheduleTrigger(), threshold.ThresholdTrigger()):
            registry.register(kind)
        offers.register(offers.ByRule())
        work.register(RUN_KIND, fan_out_run)
        customers.register_merging("campaigns", merging.merge)
        work.register(life.LOOK_BACK_KIND, look_back_run)
        events.subscribe_to_each(
            campaigns.list_awaited_types, name="campaigns.on_fact", handler=handlers.on_fact, rank=1,
            take_set=handlers.on_facts,
        )  # fmt: skip
        events.subscribe_to_each(
            campaigns.list_goal_types, name="campaigns.convert_on_fact", handler=handlers.on_conversion,
            take_set=handlers.on_conversions,
        )  # fmt: skip
        approvals.register_subject(
            approvals.Subject(
                kind=life.KIND, title="Activation of a campaign", permission="campaigns.activate", apply=life.apply,
                describe=life.describe, words=life.WORDS, is_still_valid=life.is_still_valid, amount_unit="customers",
            )
        )  # fmt: skip
        audit.register_link("campaign", "/campaigns/{ref}")
        scoping.register_kind("campaign", campaigns.list_places, names=("campaign", "campaign_id"))
        segments.register_usage("campaign", campaigns.list_usages_of_segment)
        features.register_platform_facts(facts.FACTS)
        for told in facts.EVENT_TYPES:
            features.register_event_type(told)
        features.register_words("ar", facts.ARABIC)
