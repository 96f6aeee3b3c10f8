"""Facts that campaigns publishes."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class CampaignTriggered(Fact):
    """An occurrence of a campaign began; ``customer_id`` is empty unless an event about one customer set it off."""

    type: ClassVar[str] = "campaign.triggered"

    campaign_id: str
    occurrence: str
    trigger_kind: str
    audience: int
    excluded: dict[str, int]
    customer_id: str = ""


@dataclass(frozen=True, slots=True)
class CampaignStatusChanged(Fact):
    """A campaign was activated, paused or ended."""

    type: ClassVar[str] = "campaign.status_changed"

    campaign_id: str
    before: str
    after: str
