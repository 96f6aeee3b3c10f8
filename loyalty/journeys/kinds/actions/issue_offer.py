"""Make the customer an offer: the one of a campaign's offers that the campaign's ranking gives them, sent by it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from loyalty.campaigns import api as campaigns
from loyalty.journeys.contracts import FAILURE, SKIP, SUCCESS, ActionCall, ActionOutcome, ActionRow, Problem
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.kinds.actions.trigger_campaign import TriggerCampaign
from loyalty.journeys.policy.reasons import Reason

NO_OFFER = "no_offer"


@dataclass(frozen=True, slots=True)
class Found:
    """A campaign that is there, and whether it has offers."""

    id: uuid.UUID
    has_offers: bool


class IssueOffer(TriggerCampaign):
    """``{"campaign_id"}`` of a campaign with offers; later nodes know ``action_result_<node>.offer_code``."""

    kind = "issue_offer"
    title = "Make an offer"
    description = "The customer gets the offer of a campaign that is meant for them; who is meant for none skips."
    icon = "i-lucide-tag"

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the campaign against those that there are, and ask whether it has offers."""
        found = list(super().problems_of(config))
        campaign = _find(config)
        if campaign is not None and not campaign.has_offers:
            found.append(
                Problem(
                    "journeys.offer_missing", "The campaign has no offers.",
                    "Give the campaign offers, or choose another one.", field="campaign_id",
                )
            )  # fmt: skip
        return found

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Tell which offer the customer would get, and render the campaign; nothing is placed."""
        effect = super().preview(call, row, now=now)
        campaign = _find(call.config)
        if effect.branch != SUCCESS or campaign is None:
            return effect
        if not campaign.has_offers:
            return Effect(Reason("offer_missing"), FAILURE, {})
        offer = campaigns.list_offers_for(campaign.id, [row.customer]).get(row.customer)
        if offer is None:
            return Effect(Reason("offer_none"), SKIP, {}, result={"reason": NO_OFFER})
        words = Reason("offer_made", title=offer["title"])
        return replace(effect, words=words, shown={**effect.shown, "offer": offer["title"]}, result=_result(offer))

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Send the campaign to those for whom it has an offer; the offer is the one that the message names."""
        campaign = _find(call.config)
        if campaign is None:
            return super().perform_set(call, rows, now=now)
        if not campaign.has_offers:
            told = ActionOutcome(FAILURE, {"code": "journeys.offer_missing"}, (Reason("offer_missing"),))
            return [told] * len(rows)
        offered = campaigns.list_offers_for(campaign.id, [row.customer for row in rows])
        meant = [row for row in rows if row.customer in offered]
        sent = super().perform_set(call, meant, now=now) if meant else []
        by_key = {row.key: outcome for row, outcome in zip(meant, sent, strict=True)}
        none = ActionOutcome(SKIP, {"reason": NO_OFFER}, (Reason("offer_none"),))
        return [_named(by_key.get(row.key, none), offered.get(row.customer)) for row in rows]


def _find(config: Mapping[str, Any]) -> Found | None:
    try:
        campaign = campaigns.get_campaign(uuid.UUID(str(config.get("campaign_id"))))
    except (ValueError, campaigns.CampaignNotFound):
        return None
    return Found(campaign.public_id, bool(campaign.offers))


def _named(outcome: ActionOutcome, offer: Mapping[str, str] | None) -> ActionOutcome:
    """Put the offer beside what came of sending it."""
    if outcome.branch != SUCCESS or offer is None:
        return outcome
    return replace(outcome, result={**outcome.result, **_result(offer)})


def _result(offer: Mapping[str, str]) -> dict[str, str]:
    return {"offer_code": offer["code"], "offer_title": offer["title"]}
