"""What campaigns refuses."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound, Unprocessable


class CampaignNotFound(NotFound):
    """There is no such campaign."""

    code = "campaign.not_found"
    title = "No such campaign"


class TriggerInvalid(Invalid):
    """The trigger cannot be read; ``problems`` say where."""

    code = "campaign.trigger_invalid"
    title = "The trigger has errors"


class ChannelsInvalid(Invalid):
    """The channels are empty, repeated, or have no content of their own."""

    code = "campaign.channels_invalid"
    title = "The channels have errors"


class SettingsInvalid(Invalid):
    """The goal, the fallback, the variants, the offers or a number of the campaign cannot be used; ``problems`` say
    where."""

    code = "campaign.settings_invalid"
    title = "The campaign has errors"


class OccurrenceInvalid(Invalid):
    """The name of an occurrence is empty, too long or not printable."""

    code = "campaign.occurrence_invalid"
    title = "Not the name of an occurrence"


class ProgramUnknown(Unprocessable):
    """The program that the campaign names does not exist."""

    code = "campaign.program_unknown"
    title = "No such program"


class SegmentUnknown(Unprocessable):
    """The segment that the campaign names does not exist."""

    code = "campaign.segment_unknown"
    title = "No such segment"


class CustomerUnknown(Unprocessable):
    """The customer that was named does not exist, or the audience has nobody."""

    code = "campaign.customer_unknown"
    title = "No such customer"


class SchedulePast(Unprocessable):
    """The schedule has no slot in the future."""

    code = "campaign.schedule_past"
    title = "The schedule lies in the past"


class OccurrenceNotFound(NotFound):
    """There is no such occurrence of the campaign."""

    code = "campaign.occurrence_not_found"
    title = "No such occurrence"


class AudienceGrew(Conflict):
    """More customers are meant than whoever triggered it had seen."""

    code = "campaign.audience_grew"
    title = "More customers are meant than were counted"


class CampaignNotActive(Conflict):
    """Only an active campaign can be triggered."""

    code = "campaign.not_active"
    title = "The campaign is not active"


class CampaignStateWrong(Conflict):
    """The campaign's status does not allow this step."""

    code = "campaign.state_wrong"
    title = "Not possible in this status"


class CampaignInUse(Conflict):
    """The campaign was triggered before, so it is ended and not deleted."""

    code = "campaign.in_use"
    title = "The campaign has been triggered"


class AddressInvalid(Invalid):
    """The address of a test send is one of none of the campaign's channels."""

    code = "campaign.address_invalid"
    title = "Not an address of these channels"
