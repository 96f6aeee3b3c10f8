"""Send a campaign to the customer: to the whole batch in one statement for each channel."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.campaigns import api as campaigns
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.journeys.contracts import (
    FAILURE,
    SKIP,
    SUCCESS,
    ActionCall,
    ActionOutcome,
    ActionRow,
    FieldKind,
    FieldSpec,
    Problem,
    Severity,
)
from loyalty.journeys.kinds.actions.messages import not_sent, reason_in_words
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.policy.reasons import Reason, refused_by

ACTOR = system_actor("journeys.trigger_campaign")
QUEUED, REPEATED = "queued", "repeated_key"


class TriggerCampaign:
    """``{"campaign_id"}``; the campaign's content, channels, control group and caps count as always."""

    kind = "trigger_campaign"
    title = "Send a campaign"
    description = "The customer gets a campaign, also from outside of its audience."
    icon = "i-lucide-megaphone"
    group = "messages"
    unavailable_reason = ""
    fields = (FieldSpec("campaign_id", FieldKind.CAMPAIGN, "Campaign", is_required=True),)

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the campaign against those that there are."""
        if not config.get("campaign_id"):
            return []
        try:
            campaign = campaigns.get_campaign(uuid.UUID(str(config["campaign_id"])))
        except (ValueError, campaigns.CampaignNotFound):
            return [_problem("The campaign does not exist.", "Choose a campaign that exists.", Severity.ERROR)]
        if campaign.status == campaigns.CampaignStatus.ENDED:
            return [_problem("The campaign has ended.", "Choose a campaign that runs.", Severity.ERROR)]
        if campaign.status != campaigns.CampaignStatus.ACTIVE:
            return [_problem("The campaign does not run yet.", "Activate the campaign.", Severity.WARNING)]
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Render the campaign for the customer; nothing is placed."""
        try:
            campaign = campaigns.get_campaign(uuid.UUID(str(call.config.get("campaign_id"))))
        except (ValueError, campaigns.CampaignNotFound):
            return Effect(Reason("campaign_gone"), FAILURE, {})
        if campaign.status != campaigns.CampaignStatus.ACTIVE:
            return Effect(Reason("campaign_idle", name=campaign.name), FAILURE, {})
        told = campaigns.preview(campaign, customer=row.customer_id, now=now)
        shown = {"campaign": campaign.name, "data": (told.get("sample") or {}).get("content") or {}}
        reasons = (told.get("verdict") or {}).get("reasons") or {}
        if reasons and all(reasons.values()):
            reason = next(iter(reasons.values()))
            return Effect(not_sent(reason), SKIP, shown, result={"reason": reason})
        return Effect(Reason("campaign_sent", name=campaign.name), SUCCESS, shown, result={})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Place the campaign for all rows, each under its key."""
        try:
            outcomes = campaigns.trigger_set(
                campaign_id=uuid.UUID(str(call.config.get("campaign_id"))),
                entries=[campaigns.NewEntry(key=row.key, customer_id=row.customer_id) for row in rows],
                actor=ACTOR,
                now=now,
            )
        except (ValueError, campaigns.CampaignNotFound, campaigns.CampaignNotActive) as refusal:
            # A campaign that is paused may run again, so that trying later can help.
            is_paused = isinstance(refusal, campaigns.CampaignNotActive)
            told = refusal if isinstance(refusal, Refusal) else campaigns.CampaignNotFound()
            outcome = ActionOutcome(FAILURE, {"code": told.code}, (refused_by(told),), may_pass=is_paused)
            return [outcome] * len(rows)
        return [_outcome(outcomes[row.key]) for row in rows]


def _outcome(told: str) -> ActionOutcome:
    if told in (QUEUED, REPEATED):
        words = Reason("campaign_queued" if told == QUEUED else "campaign_before")
        return ActionOutcome(SUCCESS, {"outcome": QUEUED}, (words,))
    return ActionOutcome(SKIP, {"reason": told}, (reason_in_words(told),))


def _problem(message: str, repair: str, severity: Severity) -> Problem:
    return Problem("journeys.campaign_unknown", message, repair, severity=severity, field="campaign_id")
