"""Front door of campaigns."""

from loyalty.campaigns.contracts import (
    QUEUED,
    REPEATED_KEY,
    CampaignStatus,
    Cause,
    FireReport,
    NewCampaign,
    NewEntry,
    TriggerKind,
    TriggerOutcome,
)
from loyalty.campaigns.errors import (
    AudienceGrew,
    CampaignInUse,
    CampaignNotActive,
    CampaignNotFound,
    CampaignStateWrong,
    ChannelsInvalid,
    CustomerUnknown,
    OccurrenceInvalid,
    OccurrenceNotFound,
    ProgramUnknown,
    SchedulePast,
    SegmentUnknown,
    SettingsInvalid,
    TriggerInvalid,
)
from loyalty.campaigns.kinds.schedule import due_slot, first_slot, name_of, read_schedule
from loyalty.campaigns.operations.answering import fire_set
from loyalty.campaigns.operations.converting import convert_set
from loyalty.campaigns.operations.definition import change, create, delete
from loyalty.campaigns.operations.estimating import estimate
from loyalty.campaigns.operations.fan_out import help_one
from loyalty.campaigns.operations.firing import fire_due
from loyalty.campaigns.operations.life import activate, end, pause, send_back, submit
from loyalty.campaigns.operations.occurrences import abort
from loyalty.campaigns.operations.planning import zone_of_program
from loyalty.campaigns.operations.sets import trigger_set
from loyalty.campaigns.operations.triggering import trigger
from loyalty.campaigns.operations.trying import preview, test_send
from loyalty.campaigns.queries.campaigns import catalogue, get_campaign, list_events
from loyalty.campaigns.queries.occurrences import RANGE_MAX, calendar, progress_of
from loyalty.campaigns.queries.offering import list_offers_for
from loyalty.campaigns.queries.performance import performance_of, rows_of

__all__ = [
    "AudienceGrew",
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
    "NewEntry",
    "QUEUED",
    "REPEATED_KEY",
    "OccurrenceInvalid",
    "OccurrenceNotFound",
    "ProgramUnknown",
    "SchedulePast",
    "SegmentUnknown",
    "SettingsInvalid",
    "TriggerInvalid",
    "TriggerKind",
    "TriggerOutcome",
    "RANGE_MAX",
    "abort",
    "activate",
    "calendar",
    "catalogue",
    "change",
    "convert_set",
    "create",
    "delete",
    "due_slot",
    "end",
    "estimate",
    "fire_due",
    "fire_set",
    "first_slot",
    "get_campaign",
    "help_one",
    "list_events",
    "list_offers_for",
    "name_of",
    "pause",
    "performance_of",
    "progress_of",
    "rows_of",
    "preview",
    "read_schedule",
    "send_back",
    "submit",
    "test_send",
    "trigger",
    "trigger_set",
    "zone_of_program",
]
