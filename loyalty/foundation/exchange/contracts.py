"""The words of exchange that cross its border."""

from enum import StrEnum


class EndpointState(StrEnum):
    """Whether an endpoint is told: paused ones keep their deliveries, disabled ones get none."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


class DeliveryOrder(StrEnum):
    """Behind which failed delivery others wait: any one of the endpoint, or one of the same key."""

    ENDPOINT = "endpoint"
    KEY = "key"


class DeliveryState(StrEnum):
    """Where one fact stands for one endpoint."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
