"""Front door of campaigns."""

from loyalty.campaigns.contracts import (
    CampaignStatus,
    Cause,
    FireReport,
    NewCampaign,
    TriggerKind,
    TriggerOutcome,
)
from loyalty.campaigns.errors import (
    CampaignInUse,
    CampaignNotActive,
    CampaignNotFound,
    CampaignStateWrong,
    ChannelsInvalid,
    CustomerUnknown,
    OccurrenceInvalid,
    ProgramUnknown,
    SchedulePast,
    SegmentUnknown,
    TriggerInvalid,
)
from loyalty.campaigns.kinds.schedule import due_slot, first_slot, name_of, read_schedule
from loyalty.campaigns.operations.definition import change, create, delete
from loyalty.campaigns.operations.firing import convert, fire_due, fire_on
from loyalty.campaigns.operations.life import activate, end, pause
from loyalty.campaigns.operations.triggering import trigger
from loyalty.campaigns.operations.trying import preview, test_send
from loyalty.campaigns.queries import catalogue, get_campaign, list_events, performance_of

__all__ = [
    "CampaignInUse",
    "CampaignNotActive",
    "CampaignNotFound",
    "CampaignStateWrong",
    "CampaignStatus",
    "Cause",
    "ChannelsInvalid",
    "CustomerUnknown",
    "FireReport",
    "NewCampaign",
    "OccurrenceInvalid",
    "ProgramUnknown",
    "SchedulePast",
    "SegmentUnknown",
    "TriggerInvalid",
    "TriggerKind",
    "TriggerOutcome",
    "activate",
    "catalogue",
    "change",
    "convert",
    "create",
    "delete",
    "due_slot",
    "end",
    "fire_due",
    "fire_on",
    "first_slot",
    "get_campaign",
    "list_events",
    "name_of",
    "pause",
    "performance_of",
    "preview",
    "read_schedule",
    "test_send",
    "trigger",
]
