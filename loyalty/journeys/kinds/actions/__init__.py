"""The kinds of actions, one file each."""

from loyalty.journeys.kinds.actions.add_to_segment import AddToSegment
from loyalty.journeys.kinds.actions.award_points import AwardPoints
from loyalty.journeys.kinds.actions.issue_offer import IssueOffer
from loyalty.journeys.kinds.actions.issue_reward import IssueReward
from loyalty.journeys.kinds.actions.protocol import Action
from loyalty.journeys.kinds.actions.remove_from_segment import RemoveFromSegment
from loyalty.journeys.kinds.actions.send_email import SendEmail
from loyalty.journeys.kinds.actions.send_push import SendPush
from loyalty.journeys.kinds.actions.send_sms import SendSms
from loyalty.journeys.kinds.actions.trigger_campaign import TriggerCampaign
from loyalty.journeys.kinds.actions.update_attribute import UpdateAttribute
from loyalty.journeys.kinds.actions.webhook import TellWebhook


def shipped() -> tuple[Action, ...]:
    """Give the actions that the platform comes with."""
    return (
        SendEmail(), SendSms(), SendPush(), TriggerCampaign(), IssueOffer(), IssueReward(), AwardPoints(),
        AddToSegment(), RemoveFromSegment(), UpdateAttribute(), TellWebhook(),
    )  # fmt: skip
